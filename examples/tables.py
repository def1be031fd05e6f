# %% [markdown]
# # Tables: flights around a blizzard
#
# Which flights out of New York were unlike those of an ordinary week? `flights.csv` holds 6 to 10
# February 2013. A blizzard came on the 8th. `flights-reference.csv`, a week of January, says what is
# ordinary. Numbers, categories and missing values need no preparation.

# %%
from collections import Counter
from pathlib import Path

import matplotlib.pyplot as plt
import polars as pl

import pynomaly

here = Path(globals().get("__file__", "")).parent
pl.Config(tbl_hide_column_data_types=True, tbl_hide_dataframe_shape=True, tbl_width_chars=100)

result = pynomaly.detect(
    here / "flights.csv",
    reference=here / "flights-reference.csv",
    id="flight",
    exclude=["time_hour"],  # the days are later ones, which is nothing to alarm for
)
print(result)

# %% [markdown]
# The p-value of a flight is the share of ordinary flights that are as strange. Alarming at .01 thus
# alarms for about 1 % of ordinary flights, and here for far more. These are the strangest:

# %%
shown = ["flight", "carrier", "origin", "dest", "dep_delay", "air_time", "p_value"]
print(result.frame.sort("anomaly_score", descending=True).select(shown).head(5))

# %% [markdown]
# Why? For each alarm, the column that contributes most to its score. Nearly always there is no value:
# the flight was cancelled, or diverted.

# %%
reasons = [each["explanation"][0] for each in result.explain(n=1)]
missing = sum(reason["value"] is None for reason in reasons)
print(f"strongest reason: {Counter(reason['column'] for reason in reasons).most_common()}")
print(f"the value is missing in {missing} of {len(reasons)} alarms")

# %% [markdown]
# The alarms are the two days of the blizzard, and hardly any other:

# %%
day = pl.col("time_hour").dt.convert_time_zone("America/New_York").dt.date().alias("day")
days = result.frame.group_by(day).agg(share=pl.col("is_anomaly").mean()).sort("day")
print(days)
plt.figure(figsize=(7, 2.5))
plt.bar(days["day"].dt.strftime("%d %b").to_list(), (100 * days["share"]).to_list())
plt.axhline(1, color="black", linewidth=1, linestyle="--")
plt.ylabel("flights that alarm, %")
plt.title("Dashed: the rate for ordinary flights")
plt.show()
