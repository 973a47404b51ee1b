# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A file with a list of exposures → the list, or an error with one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._options.exposure_file import read_list
from ansible_collections.gatehouse.istio.plugins.module_utils._options.values import OptionError


def read(tmp_path: Path, content: str | bytes) -> list[Any]:
    file = tmp_path / "list"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_list(str(file))


@pytest.mark.parametrize(
    ("content", "entries"),
    [
        ("[]", []),
        ('[{"name": "a", "port": 80}]', [{"name": "a", "port": 80}]),
        ("- name: a\n  port: 80\n", [{"name": "a", "port": 80}]),
        ("---\n- {name: ä}\n", [{"name": "ä"}]),
        # As Ansible passes variables: as JSON, where keys and dates are strings.
        ("- labels: {1: x, since: 2026-11-23}\n", [{"labels": {"1": "x", "since": "2026-11-23"}}]),
        ("- name: '{{ name }}'\n", [{"name": "{{ name }}"}]),
        # Entries are validated later.
        ("- a\n", ["a"]),
    ],
)
def test_json_and_yaml_are_read(tmp_path: Path, content: str, entries: list[Any]) -> None:
    assert read(tmp_path, content) == entries


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty; write [] for a list without exposures."),
        ("# none yet\n", "is empty; write [] for a list without exposures."),
        ("exposures: []\n", "is not a list; write the exposures as a list at the top level of the file."),
        ("- a: [\n", "is neither JSON nor YAML: line 2, column 1: did not find expected node content."),
        ("- a\n---\n- b\n", "is neither JSON nor YAML: line 2, column 1: but found another document."),
        ("- !!python/name:os.system\n", "is neither JSON nor YAML: line 1, column 3: could not determine"),
        ("- &a [*a]\n", "is neither JSON nor YAML: Circular reference detected."),
        ("- {? [a]: b}\n", "is neither JSON nor YAML: line 1, column 6: found unhashable key."),
        ("- {? 2026-11-23 : b}\n", "is neither JSON nor YAML: keys must be str"),
        (b"- \x01\n", "is neither JSON nor YAML: unacceptable character"),
        ("[" * 100_000, "is neither JSON nor YAML: maximum recursion depth exceeded"),
        (
            "$ANSIBLE_VAULT;1.1;AES256\n6162\n",
            "is encrypted with Ansible Vault; decrypt it, or pass its list with option exposures.",
        ),
    ],
)
def test_invalid_content_raises_one_sentence(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(OptionError) as refused:
        read(tmp_path, content)
    assert str(refused.value).startswith(f"src: {tmp_path}/list {message}")
    assert str(refused.value).endswith(".")


def test_an_unreadable_file_raises_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"cannot be read \(No such file or directory\); give a JSON or YAML file"):
        read_list(str(tmp_path / "none"))
    with pytest.raises(OptionError, match=r"cannot be read \(Is a directory\)"):
        read_list(str(tmp_path))


def test_errors_do_not_contain_the_files_content(tmp_path: Path) -> None:
    """It may be the wrong file, with a secret."""
    for content in ("password: s3cret\n", "s3cret", "- s3cret: [\n"):
        with pytest.raises(OptionError) as refused:
            read(tmp_path, content)
        assert "s3cret" not in str(refused.value)
