# %% [markdown]
# # Series: the speed of cars past a sensor
#
# `traffic.csv` holds speeds in miles per hour, mostly five minutes apart. A model learns the first
# week, then watches the days that follow. Naming the column of times is all that makes a series of a table.

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import polars as pl

import pynomaly

here = Path(globals().get("__file__", "")).parent
pl.Config(tbl_hide_column_data_types=True, tbl_hide_dataframe_shape=True, tbl_width_chars=100)

traffic = pl.read_csv(here / "traffic.csv", try_parse_dates=True)
is_new = pl.col("timestamp") >= pl.datetime(2015, 9, 15)
model = pynomaly.fit(traffic.filter(~is_new), time="timestamp", window=24)
result = model.score(traffic.filter(is_new))
print(model)
print(result)

# %% [markdown]
# Each step is judged by the windows of 24 steps that it lies in, and alarms that follow each other make
# up an event. The benchmark that the series is from labels three stretches of these days. The events
# cover all three; one more, at the very end, is not labelled.

# %%
labelled = pl.DataFrame(
    {
        "start": ["2015-09-15 13:26", "2015-09-16 13:04", "2015-09-16 16:00"],
        "end": ["2015-09-15 15:54", "2015-09-16 15:20", "2015-09-16 18:20"],
    }
).with_columns(pl.all().str.to_datetime("%Y-%m-%d %H:%M"))
for event in result.events.iter_rows(named=True):
    overlap = (labelled["start"] <= event["end"]) & (labelled["end"] >= event["start"])
    known = "labelled" if overlap.any() else "not labelled"
    print(f"{event['start']} to {event['end']}  p-value {event['p_value']:.4f}  {known}")

# %% [markdown]
# What to know before trusting the rate of false alarms:

# %%
print("\n".join(result.warnings))

# %%
plt.figure(figsize=(9, 3))
plt.plot(result.frame["timestamp"].to_list(), result.frame["value"].to_list(), linewidth=0.8)
for frame, color in ((labelled, "tab:gray"), (result.events, "tab:red")):
    for start, end in frame.select("start", "end").iter_rows():
        plt.axvspan(start, end, color=color, alpha=0.3)
plt.ylabel("miles per hour")
plt.title("Gray: labelled. Red: events")
plt.gcf().autofmt_xdate()
plt.show()
