# %% [markdown]
# # Texts: messages unlike the usual ones
#
# The first 300 messages are the reference. Those that are known to be spam are left out of it. The other
# 300 are scored as if they came in now.

# %%
from pathlib import Path

import polars as pl

import pynomaly

here = Path(globals().get("__file__", "")).parent
pl.Config(tbl_hide_column_data_types=True, tbl_hide_dataframe_shape=True, tbl_width_chars=100)
pl.Config(fmt_str_lengths=60)

messages = pl.read_csv(here / "messages.tsv", separator="\t", quote_char=None)
model = pynomaly.fit(messages[:300], "fast.knn", text="message", label="spam")
result = model.score(messages[300:], label="spam", alpha=0.05)
print(model)
print(result)

# %% [markdown]
# A text becomes four numbers: its characters, digits, capitals and punctuation marks. That is crude, yet
# hard to beat. The strongest alarms, beside their digits:

# %%
strongest = result.frame.sort("anomaly_score", descending=True).head(6)
digits = pl.col("message").str.count_matches(r"\d").alias("digits")
print(strongest.select(pl.col("p_value").round(3), "spam", digits, "message"))
usual = messages.filter(pl.col("spam") == 0).select(digits.median()).item()
print(f"digits of a usual message: {usual:.0f}")

# %% [markdown]
# The labels were not used for scoring, so they can tell how good the alarms are. The false-alarm rate is
# what was asked for, 5 %, or less.

# %%
for name, value in result.metrics.items():
    print(f"{name}: {value:.3g}")

# %% [markdown]
# The model goes on with one message at a time:

# %%
new = [{"message": "See you at eight?"}, {"message": "WIN £1000!!! CALL 09061 701461 NOW"}]
print(model.score(new, alpha=0.05).frame.select("message", "p_value", "is_anomaly"))
