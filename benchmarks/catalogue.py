"""docs/detectors.md from what is installed and what was measured.

`python -m benchmarks.catalogue` writes it; a test fails where it no longer fits the specs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any

from benchmarks.measure import ROOT, load_json
from benchmarks.rankings import short

import pynomaly
from pynomaly.ports.specs import Capability, DetectorSpec, Modality

PAGE = ROOT / "docs" / "detectors.md"
FIGURES = ROOT / "benchmarks" / "quality.json"
Figures = Mapping[str, Mapping[str, Mapping[str, Any]]]

_TITLES = {
    Modality.TABULAR: "Tables",
    Modality.SERIES: "Series",
    Modality.GRAPH: "Graphs",
    Modality.TEXT: "Texts",
    Modality.IMAGE: "Images",
    Modality.AUDIO: "Audio",
    Modality.MULTIMODAL: "Several kinds at once",
}

_INTRODUCTION = """# Detectors

Written by `python -m benchmarks.catalogue` from the specs of all plugins of this repository; don't edit.
`pynomaly detectors` lists what is installed, and `pynomaly detectors show ID` tells the parameters.

A detector for tables also takes series (as windows), graphs (as features of nodes) and texts (as surface
features), so each is listed once, under the kind it is made for.

- *Can*: `new` scores rows that it was not fitted on, so it takes a reference; `rows` a row's score is the
  same in any batch; `seed` repeatable; `threads` scores in several threads at once; `explains` says which
  columns made a score; `saves` goes into a model file; `gpu` computes on a GPU; `online` learns row by row.
- *Rows*: beyond which a fit takes a sample.
- *AP*, *ROC*, *s*: mean average precision and area under the ROC curve over the *sets* of its kind that it
  finished, and the CPU seconds of all of them; [Quality](quality.md) says how. Means over different
  numbers of sets cannot be compared. "–" is not measured.
- *Needs*: what has to be installed, or which environment has to be built, beside the plugin.

"""

_WORDS = {
    Capability.INDUCTIVE: "new",
    Capability.ROWWISE: "rows",
    Capability.SEEDED: "seed",
    Capability.THREAD_SAFE: "threads",
    Capability.EXPLAINS: "explains",
    Capability.SAVES: "saves",
    Capability.GPU: "gpu",
    Capability.ONLINE: "online",
}


def make_page(specs: Iterable[DetectorSpec], figures: Figures) -> str:
    """The whole page as Markdown."""
    by_kind: dict[Modality, list[DetectorSpec]] = {kind: [] for kind in _TITLES}
    for spec in sorted(specs, key=lambda spec: spec.id):
        by_kind[next(kind for kind in _TITLES if kind in spec.modalities)].append(spec)
    parts = [_INTRODUCTION]
    for kind, some in by_kind.items():
        if some:
            parts.append(f"## {_TITLES[kind]}\n\n{_figures(kind, some, figures)}\n")
    parts.append("## What each is\n\n")
    parts += [_described(spec) for some in by_kind.values() for spec in some]
    return "".join(parts).rstrip() + "\n"


def _figures(kind: Modality, specs: Iterable[DetectorSpec], figures: Figures) -> str:
    header = ["detector", "family", "time", "memory", "rows", "can"]
    header += ["sets", "AP", "ROC", "s", "needs"]
    lines = [f"| {' | '.join(header)} |", "|" + " --- |" * len(header)]
    for spec in specs:
        found = figures.get(spec.id, {}).get(kind.value)
        measured = [str(found["sets"]), *_numbers(found)] if found else ["–"] * 4
        cells = [
            f"[`{spec.id}`](#{_anchor(spec)})",
            spec.family,
            spec.time,
            spec.space,
            f"{spec.row_limit:,}" if spec.row_limit else "",
            ", ".join(word for can, word in _WORDS.items() if can in spec.capabilities),
            *measured,
            ", ".join(filter(None, (*spec.requires, spec.environment))),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _numbers(found: Mapping[str, Any]) -> list[str]:
    return [short(found["ap"]), short(found["roc"]), f"{found['seconds']:.1f}"]


def _described(spec: DetectorSpec) -> str:
    lines = [f"### {spec.id}\n\n**{spec.title}.** {spec.summary}\n"]
    kinds = ", ".join(sorted(spec.modalities))
    folds = f"cross-fitted in {spec.folds} folds" if spec.folds else "on a held-out half"
    facts = {
        "Data": f"{kinds}; {spec.supervision}; at least {spec.min_rows} rows",
        "Calibrated": folds if Capability.INDUCTIVE in spec.capabilities else "",
        "Source": spec.paper,
        "Known gaps": "; ".join(f"`{c}`: {why}" for c, why in spec.expected_failures.items()),
    }
    lines += [f"- {name}: {text}" for name, text in facts.items() if text]
    return "\n".join(lines) + "\n\n"


def _anchor(spec: DetectorSpec) -> str:
    """As code hosts make anchors of headings: the dot falls away."""
    return spec.id.replace(".", "")


def main() -> int:
    """Write the page."""
    PAGE.write_text(make_page(pynomaly.detectors(), load_json(FIGURES)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
