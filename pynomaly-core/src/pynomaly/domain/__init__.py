"""The nouns of anomaly detection: values without any input or output."""
