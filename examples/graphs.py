# %% [markdown]
# # Graphs: airports that share planes
#
# Two destinations are linked if one plane flew to both of them in an ordinary week. Which of them stand
# apart? A table of edges is enough: name the columns of the two ends.

# %%
from pathlib import Path

import polars as pl

import pynomaly

here = Path(globals().get("__file__", "")).parent
pl.Config(tbl_hide_column_data_types=True, tbl_hide_dataframe_shape=True, tbl_width_chars=100)

flights = pl.read_csv(here / "flights-reference.csv")
went = flights.select("tailnum", "dest").drop_nulls().unique(maintain_order=True)
pairs = went.join(went, on="tailnum", suffix="_too").filter(pl.col("dest") < pl.col("dest_too"))
links = pairs.select("dest", "dest_too").unique(maintain_order=True)
places = flights.group_by("dest", maintain_order=True).agg(
    flights=pl.len(), planes=pl.col("tailnum").n_unique(), airlines=pl.col("carrier").unique()
)

# %% [markdown]
# With a table of nodes, places without any link count too. It could bring attributes; here it is names
# alone, so that only links count. There is nothing to compare with: the five strongest, please.

# %%
names = places.select("dest")
result = pynomaly.detect(links, source="dest", target="dest_too", nodes=names, id="dest", top=5)
print(f"{len(places)} places, {len(links)} links; {result}")
strongest = result.frame.sort("anomaly_score", descending=True).filter("is_anomaly")
print(strongest.join(places, on="dest", maintain_order="left").drop("is_anomaly"))

# %% [markdown]
# Why each of them? Its numbers are those that describe a node: the logarithm of how many neighbours it
# has, how far these are linked among each other, and so on.

# %%
for each in result.explain(n=3):
    reasons = [f"{r['column']} {float(r['value']):.2g}" for r in each["explanation"]]
    print(
        f"{result.frame['dest'][each['row']]}  p-value {each['p_value']:.3f}  {', '.join(reasons)}"
    )

# %% [markdown]
# Honolulu (HNL) comes first: its planes fly nowhere else, so that it has no neighbour at all. Without a
# reference a p-value is a rank, so that the first of 91 has 1/91, however strange it is.
