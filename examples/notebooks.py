"""Make the notebooks: the cells of each script, run, with what comes out of them.

`python examples/notebooks.py` writes them beside the scripts;
`python examples/notebooks.py FOLDER NAME` writes one to a folder.
"""

import os
import sys
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).resolve().parent
KINDS = ("tables", "series", "graphs", "texts", "items")
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def run(name: str) -> nbformat.NotebookNode:
    """The notebook of a script, run by a kernel; nothing in it tells when or where."""
    notebook = jupytext.read(HERE / f"{name}.py")
    for number, cell in enumerate(notebook.cells):
        cell.id = f"{name}-{number}"
    client = NotebookClient(
        notebook,
        kernel_name=KERNEL["name"],
        record_timing=False,
        resources={"metadata": {"path": str(HERE)}},
        timeout=600,
    )
    client.execute(env=os.environ | {"MPLBACKEND": "module://matplotlib_inline.backend_inline"})
    notebook.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    return notebook


def main(folder: Path = HERE, *names: str) -> None:
    for name in names or KINDS:
        nbformat.write(run(name), folder / f"{name}.ipynb")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]), *sys.argv[2:])
