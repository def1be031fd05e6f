"""The verbs: detect, fit, score, inspect: functions that take their ports as arguments."""
