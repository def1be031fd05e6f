"""What is asked of detectors on series, graphs and texts: ranking, and alarms of series."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from benchmarks.measure import ROOT

import pynomaly
from pynomaly.ports.specs import DetectorSpec, Modality, Supervision

DATA = ROOT.parent / "shared" / "data"
KINDS = (Modality.SERIES, Modality.GRAPH, Modality.TEXT)
ALPHAS = (0.01, 0.1)
SPAM_SHARE = 0.05
SEEDS = 3
SYNTHETIC_REPEATS = 5
REFERENCE_STEPS = 4_000
FRESH_STEPS = 2_000
DAY = 144

Job = dict[str, Any]
Answer = dict[str, Any]
Labels = npt.NDArray[np.bool_]


def chosen_kinds(spec: DetectorSpec) -> list[Modality]:
    """The kinds that it is asked about: what it is made for, and all if it is a default's sibling.

    Siblings are the detectors for tables of the plugin that offers the default for tables.
    """
    if spec.supervision is Supervision.SUPERVISED:
        return []
    default = {each.plugin for each in pynomaly.detectors() if Modality.TABULAR in each.default_for}
    sibling = Modality.TABULAR in spec.modalities and spec.plugin in default
    return [kind for kind in KINDS if sibling or kind in spec.modalities]


def kind_jobs(kind: Modality, data: Path = DATA) -> list[Job]:
    """The jobs on all sets of a kind, the smaller first; none where the sets are absent."""
    return [named(job) for job in _JOBS[kind](data)]


def named(job: Job) -> Job:
    """The job with the name that its answer is kept under: group, set and seed."""
    place = Path(str(job.get("path", ""))).stem
    job["name"] = "/".join(filter(None, (str(job["group"]), place, str(job["seed"]))))
    return job


def _series_jobs(data: Path) -> list[Job]:
    folder = data / "series" / "nab"
    windows = folder / "windows.json"
    if not windows.exists():
        return []
    labelled = json.loads(windows.read_text(encoding="utf-8"))
    paths = sorted(
        (folder / name for name, found in labelled.items() if found and (folder / name).exists()),
        key=lambda path: (path.stat().st_size, path.name),
    )
    jobs: list[Job] = [
        {"task": task, "path": str(path), "seed": 0, "group": group}
        for task, group in (("rank-series", "series"), ("count-series", "series-alarms"))
        for path in paths
    ]
    jobs += [
        {"task": "count-series", "seed": seed, "group": "series-synthetic"}
        for seed in range(SYNTHETIC_REPEATS)
    ]
    return jobs


def _graph_jobs(data: Path) -> list[Job]:
    paths = sorted((data / "graph").glob("*.npz"), key=lambda path: path.stat().st_size)
    return [
        {"task": "rank-graph", "path": str(path), "seed": seed, "group": "graph"}
        for path in paths
        for seed in range(SEEDS)
    ]


def _text_jobs(data: Path) -> list[Job]:
    path = data / "text" / "sms.tsv"
    return [
        {"task": "rank-text", "path": str(path), "seed": seed, "group": "text"}
        for seed in range(SEEDS)
        if path.exists()
    ]


def rank_series(detector: str, job: Job) -> Answer:
    """AP and ROC AUC of the points of a series; those in a labelled window are anomalies."""
    frame, y = read_series(Path(job["path"]))
    return ranked(y, frame, detector, job, time="timestamp")


def rank_graph(detector: str, job: Job) -> Answer:
    """AP and ROC AUC of the nodes of a graph."""
    with np.load(job["path"]) as arrays:
        y = arrays["y"] > 0
    return ranked(y, job["path"], detector, job)


def rank_text(detector: str, job: Job) -> Answer:
    """AP and ROC AUC of messages, so many of them spam as `SPAM_SHARE` says."""
    frame = pl.read_csv(job["path"], separator="\t", quote_char=None, has_header=False)
    spam = (frame.to_series(0) == "spam").to_numpy()
    rng = np.random.default_rng([job["seed"], 13])
    odd = round((~spam).sum() * SPAM_SHARE / (1.0 - SPAM_SHARE))
    kept = ~spam
    kept[rng.permutation(np.flatnonzero(spam))[:odd]] = True
    texts = frame.filter(pl.Series(kept)).select(pl.nth(1).alias("text"))
    return ranked(spam[kept], texts, detector, job, text="text")


def ranked(y: Labels, data: Any, detector: str, job: Job, **roles: str) -> Answer:
    """AP, ROC AUC and seconds of a detector that is fitted on what it scores."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    clock = time.perf_counter if works_apart(detector) else time.process_time
    start = clock()
    scores = pynomaly.detect(data, detector, job.get("params"), seed=job["seed"], **roles).scores
    seconds = clock() - start
    ap, roc = average_precision_score(y, scores), roc_auc_score(y, scores)
    return {"ap": float(ap), "roc": float(roc), "seconds": seconds}


def works_apart(detector: str) -> bool:
    """Whether its work is done in another process, so that time on the wall counts, not CPU."""
    spec = next(spec for spec in pynomaly.detectors() if spec.id == detector)
    return spec.environment is not None


def count_series(detector: str, job: Job) -> Answer:
    """Alarms among the normal points that follow a series' reference, at each alpha."""
    if "path" in job:
        frame, y = read_series(Path(job["path"]))
        cut = len(y) // 2
    else:
        frame, cut = synthetic_series(job["seed"]), REFERENCE_STEPS
        y = np.zeros(len(frame), dtype=np.bool_)
    reference = frame.with_columns(label=pl.Series(y.astype(np.int8)))[:cut]
    model = pynomaly.fit(reference, detector, time="timestamp", label="label", seed=job["seed"])
    p_values = model.score(frame[cut:]).p_values[~y[cut:]]
    return {
        "rows": len(p_values),
        "alarms": [int(np.count_nonzero(p_values <= alpha)) for alpha in ALPHAS],
    }


def read_series(path: Path) -> tuple[pl.DataFrame, Labels]:
    """A series of the Numenta benchmark, and which points lie in a labelled window."""
    windows = json.loads((path.parents[1] / "windows.json").read_text(encoding="utf-8"))
    frame = pl.read_csv(path, try_parse_dates=True)
    times = frame["timestamp"]
    y = np.zeros(len(frame), dtype=np.bool_)
    for start, end in windows[f"{path.parent.name}/{path.name}"]:
        bounds = pl.Series([start, end]).str.to_datetime()
        y |= times.is_between(bounds[0], bounds[1]).to_numpy()
    return frame, y


def synthetic_series(seed: int) -> pl.DataFrame:
    """A day's curve and first-order autoregressive noise (coefficient .8): nothing anomalous."""
    rng = np.random.default_rng([seed, 17])
    steps = REFERENCE_STEPS + FRESH_STEPS
    noise = rng.standard_normal(steps)
    for i in range(1, steps):
        noise[i] += 0.8 * noise[i - 1]
    values = 3.0 * np.sin(np.arange(steps) * 2 * np.pi / DAY) + noise
    start = pl.datetime(2026, 1, 1)
    times = pl.select(start + pl.duration(minutes=10) * pl.int_range(steps)).to_series()
    return pl.DataFrame({"timestamp": times, "value": values})


_JOBS = {Modality.SERIES: _series_jobs, Modality.GRAPH: _graph_jobs, Modality.TEXT: _text_jobs}
KIND_TASKS = {
    "rank-series": rank_series,
    "rank-graph": rank_graph,
    "rank-text": rank_text,
    "count-series": count_series,
}
