# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A file with a list of exposures → the list, or a sentence about what is wrong with the file."""

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
    ("content", "means"),
    [
        ("[]", []),
        ('[{"name": "a", "port": 80}]', [{"name": "a", "port": 80}]),
        ("- name: a\n  port: 80\n", [{"name": "a", "port": 80}]),
        ("---\n- {name: ä}\n", [{"name": "ä"}]),
        # As Ansible's variables arrive: as JSON, in which keys and dates are text.
        ("- labels: {1: x, since: 2026-11-23}\n", [{"labels": {"1": "x", "since": "2026-11-23"}}]),
        ("- name: '{{ name }}'\n", [{"name": "{{ name }}"}]),
        # It is for others to say what is wrong with that.
        ("- a\n", ["a"]),
    ],
)
def test_json_and_yaml_are_read(tmp_path: Path, content: str, means: list[Any]) -> None:
    assert read(tmp_path, content) == means


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is empty; write [] into it if it is to list nothing."),
        ("# none yet\n", "is empty; write [] into it if it is to list nothing."),
        ("exposures: []\n", "is no list; give each exposure as an item of a list, without a name above."),
        ("- a: [\n", "is neither JSON nor YAML: line 2, column 1: did not find expected node content."),
        ("- a\n---\n- b\n", "is neither JSON nor YAML: line 2, column 1: but found another document."),
        ("- !!python/name:os.system\n", "is neither JSON nor YAML: line 1, column 3: could not determine"),
        ("- &a [*a]\n", "is neither JSON nor YAML: Circular reference detected."),
        ("- {? [a]: b}\n", "is neither JSON nor YAML: line 1, column 6: found unhashable key."),
        ("- {? 2026-11-23 : b}\n", "is neither JSON nor YAML: keys must be str"),
        (b"- \x01\n", "is neither JSON nor YAML: unacceptable character"),
        ("[" * 100_000, "is neither JSON nor YAML: maximum recursion depth exceeded"),
        ("$ANSIBLE_VAULT;1.1;AES256\n6162\n", "is encrypted with Ansible Vault; decrypt it, or give its list as"),
    ],
)
def test_what_is_no_list_is_refused(tmp_path: Path, content: str | bytes, says: str) -> None:
    with pytest.raises(OptionError) as refused:
        read(tmp_path, content)
    assert str(refused.value).startswith(f"src: {tmp_path}/list {says}")
    assert str(refused.value).endswith(".")


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"cannot be read \(No such file or directory\); give a file of JSON"):
        read_list(str(tmp_path / "none"))
    with pytest.raises(OptionError, match=r"cannot be read \(Is a directory\)"):
        read_list(str(tmp_path))


def test_nothing_of_a_file_is_told(tmp_path: Path) -> None:
    """It may be the wrong one, and hold a secret."""
    for content in ("password: s3cret\n", "s3cret", "- s3cret: [\n"):
        with pytest.raises(OptionError) as refused:
            read(tmp_path, content)
        assert "s3cret" not in str(refused.value)
