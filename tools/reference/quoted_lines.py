"""Looks up every line of Python that docs/reading-diffusers.md quotes in the installed diffusers.

    python tools/reference/quoted_lines.py
"""

import re
import sys
from pathlib import Path

import diffusers

root = Path(__file__).resolve().parents[2]
sources = Path(diffusers.__file__).parent
files = ["image_processor.py", "models/modeling_outputs.py", "pipelines/flux/*.py", "models/autoencoders/*.py"]
known = {
    line.strip()
    for pattern in files
    for path in sources.glob(pattern)
    for line in path.read_text(encoding="utf-8").splitlines()
}


def quoted(page: Path) -> list[str]:
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    return [line.strip() for block in blocks for line in block.splitlines() if line.strip()]


missing = []
for name in ["reading-diffusers.md", "reading-diffusers.zh-CN.md"]:
    lines = quoted(root / "docs" / name)
    print(f"{name}: {len(lines)} lines of diffusers {diffusers.__version__}")
    missing += [f"{name}: {line}" for line in lines if line not in known]
if missing:
    sys.exit("not in diffusers:\n" + "\n".join(missing))
