"""Measure how well anomalies are found and whether alarms hold their rate.

`python -m benchmarks.quality`, or `nox -s quality`, writes docs/quality.md. Answers are kept, so
that a run that was stopped goes on where it was; `--fresh` asks again.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from benchmarks.catalogue import FIGURES
from benchmarks.jobs import run_all
from benchmarks.kinds import KINDS, SEEDS, Job, chosen_kinds, kind_jobs, named
from benchmarks.measure import ONE_THREAD, ROOT, default_folder, load_json, save_json
from benchmarks.quality_page import make_page
from benchmarks.rankings import Answers, mean_of, rankings, total_seconds
from benchmarks.worker import CONTAMINATION, HELD_OUT_ROWS

import pynomaly
from pynomaly.infrastructure.composition import services
from pynomaly.infrastructure.recipes import default_detector
from pynomaly.infrastructure.registry import Registry
from pynomaly.ports.specs import Capability, DetectorSpec, Modality, Supervision

DATA = ROOT.parent / "shared" / "data" / "tabular"
PAGE = ROOT / "docs" / "quality.md"
BASELINE = "sklearn.iforest"
VARIANTS: dict[str, dict[str, int]] = {"fast.iforest": {"n_estimators": 100}}
"""Parameters that detectors are also ranked with: the baseline has 100 trees."""
REPEATS = 10
HELD_OUT_REPEATS = 3


def usable_detectors(only: Sequence[str] | None) -> tuple[list[DetectorSpec], dict[str, str]]:
    """Detectors, of those asked for, that can run here, and why the others cannot."""
    able, unable = [], {}
    for spec in pynomaly.detectors():
        if only and spec.id not in only:
            continue
        if spec.supervision is Supervision.SUPERVISED:
            continue
        if Modality.TABULAR not in spec.modalities and not chosen_kinds(spec):
            continue
        # What is made for a GPU is slow, and its scores are no others, without one.
        device = "cuda" if Capability.GPU in spec.capabilities else None
        try:
            pynomaly.create_detector(spec.id, device=device)
        except pynomaly.PynomalyError as error:
            unable[spec.id] = str(error)
        else:
            able.append(spec)
    return able, unable


def make_jobs(sets: Sequence[Path], *, seeds: int, repeats: int, held_out: int) -> list[Job]:
    """What to ask each detector, the smaller data first."""
    ordered = sorted(sets, key=_cells)
    jobs = [
        {"task": "rank", "path": str(path), "seed": seed, "group": "rank"}
        for path in ordered
        for seed in range(seeds)
    ]
    for group, share in (("clean", 0.0), ("contaminated", CONTAMINATION)):
        jobs += [
            {"task": "synthetic", "seed": seed, "anomalies": share, "group": group}
            for seed in range(repeats)
        ]
        jobs += [
            {
                "task": "real",
                "path": str(path),
                "seed": 0,
                "anomalies": share,
                "group": f"{group}-real",
            }
            for path in ordered
        ]
    jobs += [
        {"task": "synthetic", "seed": seed, "rows": HELD_OUT_ROWS, "group": "held-out"}
        for seed in range(held_out)
    ]
    return [named(job) for job in jobs]


def _cells(path: Path) -> int:
    with np.load(path) as arrays:
        return int(arrays["X"].size)


def asked_of(spec: DetectorSpec, jobs: Sequence[Job], *, quick: bool = False) -> list[Job]:
    """The jobs for one detector: those of `jobs` if it takes tables, and those of other kinds.

    Without a seed of its own it ranks the same again; where it scores only the rows that it was
    fitted on, there are no false alarms to count.
    """
    seeded = Capability.SEEDED in spec.capabilities
    inductive = Capability.INDUCTIVE in spec.capabilities
    own = jobs if Modality.TABULAR in spec.modalities else ()
    of_kinds = [job for kind in chosen_kinds(spec) for job in kind_jobs(kind)]
    if quick:
        of_kinds = list({job["group"]: job for job in reversed(of_kinds)}.values())
    return [
        job
        for job in (*own, *of_kinds)
        if (inductive if _counts(job) else _varies(job, seeded=seeded))
    ]


def _counts(job: Job) -> bool:
    """Whether it counts alarms, and so needs a model."""
    return job["task"] in {"synthetic", "real", "count-series"}


def _varies(job: Job, *, seeded: bool) -> bool:
    """Whether another seed may rank otherwise: texts are also drawn by it."""
    return seeded or job["seed"] == 0 or job["task"] == "rank-text"


def _variants(asked: Mapping[str, Sequence[Job]]) -> dict[str, list[Job]]:
    """The rankings of those detectors that are asked with other parameters, too."""
    return {
        " ".join([detector, *(f"{name}={value}" for name, value in params.items())]): [
            job | {"params": params} for job in asked[detector] if job["group"] == "rank"
        ]
        for detector, params in VARIANTS.items()
        if detector in asked
    }


def _defaults() -> dict[str, str]:
    """The default detector of each kind."""
    registry = services().get(Registry)
    return {kind.value: default_detector(registry, kind) for kind in KINDS}


def figures(answers: Answers) -> dict[str, dict[str, dict[str, float]]]:
    """Detector to kind of data to the number of sets, mean AP and ROC AUC, and CPU seconds."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for group in ("rank", *(kind.value for kind in KINDS)):
        kind = "tabular" if group == "rank" else group
        for detector, sets in rankings(answers, group).items():
            if sets and " " not in detector:
                found.setdefault(detector, {})[kind] = {
                    "sets": len(sets),
                    "ap": round(mean_of(sets, "ap"), 3),
                    "roc": round(mean_of(sets, "roc"), 3),
                    "seconds": round(total_seconds(sets), 1),
                }
    return found


def main(args: Sequence[str] | None = None) -> int:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(prog="benchmarks.quality", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="ID", help="these detectors; no page")
    parser.add_argument("--quick", action="store_true", help="three sets, two repeats; no page")
    parser.add_argument("--fresh", action="store_true", help="forget earlier answers")
    parser.add_argument("--limit", type=float, default=60.0, help="CPU seconds for one job")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--folder", type=Path, default=default_folder(), help="for answers")
    given = parser.parse_args(args)
    sets = sorted(DATA.glob("*.npz"))
    if not sets:
        print(f"no data: {DATA} is empty or absent, so there is nothing to measure")
        return 0
    os.environ |= ONE_THREAD
    chosen, unable = usable_detectors(given.only)
    if given.quick:
        jobs = make_jobs(sorted(sets, key=_cells)[:3], seeds=2, repeats=2, held_out=0)
    else:
        jobs = make_jobs(sets, seeds=SEEDS, repeats=REPEATS, held_out=HELD_OUT_REPEATS)
    cache = given.folder / ("quality-quick" if given.quick else "quality")
    asked = {spec.id: asked_of(spec, jobs, quick=given.quick) for spec in chosen}
    asked |= _variants(asked)
    if given.fresh:
        for detector in asked:
            (cache / f"{detector}.json").unlink(missing_ok=True)
    answers = run_all(
        asked,
        cache,
        given.limit,
        given.processes,
        lambda line: print(line, file=sys.stderr, flush=True),
    )
    # What was measured where its requirements are, such as torch, stays measured.
    for detector in list(unable):
        found = load_json(cache / f"{detector}.json")
        if found:
            answers[detector] = found
            del unable[detector]
    answers = dict(sorted(answers.items()))
    page = make_page(answers, unable, BASELINE, _defaults(), given.limit)
    if given.only or given.quick:
        print(page)
    else:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page, encoding="utf-8")
        save_json(FIGURES, figures(answers))
    return 0


if __name__ == "__main__":
    sys.exit(main())
