# %% [markdown]
# # Items: a table and a graph, one verdict
#
# Destinations again, in the days of the blizzard against the same days of an ordinary week. A table says
# how each was served; a graph, which of them share planes. Each part has a detector of its own. Their
# p-values are fused into one verdict on a place, which says what part drove it.

# %%
from pathlib import Path

import polars as pl

import pynomaly

here = Path(globals().get("__file__", "")).parent
pl.Config(tbl_hide_column_data_types=True, tbl_hide_dataframe_shape=True, tbl_width_chars=100)


def places_in(flights: pl.DataFrame) -> pynomaly.Items:
    delay = pl.col("dep_delay")
    service = flights.group_by("dest", maintain_order=True).agg(
        flights=pl.len(), delay=delay.mean().fill_null(0), cancelled=delay.is_null().mean()
    )
    went = flights.select("tailnum", "dest").drop_nulls().unique(maintain_order=True)
    links = went.join(went, on="tailnum", suffix="_too").filter(pl.col("dest") < pl.col("dest_too"))
    network = {
        "data": links,
        "source": "dest",
        "target": "dest_too",
        "nodes": service.select("dest"),
    }
    return pynomaly.Items("dest", {"service": service, "network": network})


week = pl.read_csv(here / "flights-reference.csv", try_parse_dates=True)
same_days = pl.col("time_hour") >= pl.datetime(2013, 1, 16, 5, time_zone="UTC")  # from Wednesday
now = places_in(pl.read_csv(here / "flights.csv", try_parse_dates=True))
result = pynomaly.detect(now, reference=places_in(week.filter(same_days)), alpha=0.05)
print(result)

# %% [markdown]
# At .05 about one in twenty places would alarm on ordinary days; now more than one in four do. First
# come resorts whose one flight was cancelled, so that they share no plane with any other place:

# %%
places = result.frame.join(now.parts["service"], on="dest", maintain_order="left")
strongest = places.sort("anomaly_score", descending=True).head(8).drop("is_anomaly", "delay")
print(strongest.with_columns(pl.col(pl.Float64).round(3)))
print(result.frame.filter("is_anomaly").group_by("driver").len().sort("len"))

# %% [markdown]
# A part alone would tell another story. Nearly every place was served unlike in the ordinary week, and
# few lost their links. One small p-value out of two is weaker evidence than two of them, so that the
# verdict lies in between.

# %%
print(result.frame.select((pl.col("p_service", "p_network", "p_value") <= 0.05).sum()))
