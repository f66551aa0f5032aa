"""What a node that only answers lookups has in memory."""

from __future__ import annotations

import json
import subprocess
import sys


def test_engines_for_building_counting_and_noise_are_not_loaded_to_answer_lookups() -> None:
    program = (
        "import json, sys, node.source.open, node.privacy.mechanism;"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)  # noqa: S603

    assert "sqlglot" in json.loads(said.stdout)
    assert not {"pyarrow", "duckdb", "pandas", "numpy", "opendp"} & set(json.loads(said.stdout))
