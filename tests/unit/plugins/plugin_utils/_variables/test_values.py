# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One value, as YAML, Jinja, -e or a survey gives it -> what it means, or a sentence."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.plugin_utils._variables.values import VariableError, read

TEXT, FLAG, NUMBER, RAW = ({"type": name} for name in ("str", "bool", "int", "raw"))
NAMES, DICTIONARY = {"type": "list", "elements": "str"}, {"type": "dict"}
CHOICE = {"type": "str", "choices": ["present", "absent"]}
GATEWAYS = {
    "type": "list",
    "elements": "dict",
    "options": {
        "name": {"type": "str", "required": True},
        "replicas": {"type": "int"},
        "type": {"type": "str", "choices": ["NodePort", "ClusterIP"], "default": "NodePort"},
        "ports": {"type": "list", "elements": "dict", "options": {"port": {"type": "int", "required": True}}},
        "values": {"type": "dict", "default": {}},
        "key": {"type": "int", "no_log": True},
    },
}
PUBLIC = {"name": "public", "type": "NodePort", "values": {}}


@pytest.mark.parametrize("spec", [TEXT, FLAG, NUMBER, RAW, NAMES, DICTIONARY, CHOICE, GATEWAYS])
@pytest.mark.parametrize("value", [None, "", " \n", "__omit_place_holder__2b1f"])
def test_what_is_not_given(value: Any, spec: dict[str, Any]) -> None:
    assert read("x", value, spec) is None


@pytest.mark.parametrize(
    ("spec", "value", "expected"),
    [
        (TEXT, "a", "a"),
        (TEXT, 5, "5"),
        (TEXT, "1.30", "1.30"),
        (CHOICE, " absent\n", "absent"),
        *((FLAG, value, True) for value in (True, 1, "true", "True", "yes", "on", "1", " y ")),
        *((FLAG, value, False) for value in (False, 0, "false", "No", "off", "0")),
        *((NUMBER, value, 5) for value in (5, 5.0, "5", " 5\n")),
        (NUMBER, "0", 0),
        (DICTIONARY, {"a": 1}, {"a": 1}),
        (DICTIONARY, "a: {b: 1}", {"a": {"b": 1}}),
        (DICTIONARY, '{"a": 1}', {"a": 1}),
        (DICTIONARY, "{}", {}),
        (DICTIONARY, "# nothing", None),
        (NAMES, ["a", 1], ["a", "1"]),
        (NAMES, 5, ["5"]),
        (NAMES, "a", ["a"]),
        (NAMES, "a, b,", ["a", "b"]),
        (NAMES, "a\n b \n\nc\r\n", ["a", "b", "c"]),
        (NAMES, "- a\n- b", ["a", "b"]),
        (NAMES, "[a, b]", ["a", "b"]),
        (NAMES, "[]", []),
        (NAMES, "*", ["*"]),
        (NAMES, "*.example.com, example.com", ["*.example.com", "example.com"]),
        (NAMES, "- *.example.com\n- example.com", ["*.example.com", "example.com"]),
        (NAMES, "team=a\n app in (b, c)\n", ["team=a", "app in (b, c)"]),
        (GATEWAYS, [{"name": "public"}], [PUBLIC]),
        (GATEWAYS, "[{name: public}]", [PUBLIC]),
        (GATEWAYS, "- name: public\n  replicas: '3'", [{**PUBLIC, "replicas": 3}]),
        (GATEWAYS, [{"name": "public", "replicas": None, "type": ""}], [PUBLIC]),
        (GATEWAYS, ["{name: public}"], [PUBLIC]),
        (GATEWAYS, [{"name": "public", "values": "a: 1"}], [{**PUBLIC, "values": {"a": 1}}]),
        (GATEWAYS, "[]", []),
        (GATEWAYS, "null", None),
        (RAW, {"a": [1]}, {"a": [1]}),
    ],
)
def test_what_a_value_means(spec: dict[str, Any], value: Any, expected: Any) -> None:
    assert read("x", value, spec) == expected


LIST = "a list with a dictionary for each, or its YAML as text"
NUMBERS = "a whole number, 0 or more"


@pytest.mark.parametrize(
    ("spec", "value", "sentence"),
    [
        *(
            (TEXT, value, f"x: it must be text (in quotes if YAML would take it for something else), but it is {what}.")
            for value, what in ((1.3, "'1.3'"), (True, "true"), (["a"], "a list"), ({"a": 1}, "a dictionary"))
        ),
        (CHOICE, "gone", "x: it must be one of present, absent, but it is 'gone'."),
        (CHOICE, ["absent"], "x: it must be one of present, absent, but it is a list."),
        (FLAG, "maybe", "x: it must be true or false, but it is 'maybe'."),
        (FLAG, 2, "x: it must be true or false, but it is '2'."),
        (FLAG, [True], "x: it must be true or false, but it is a list."),
        *(
            (NUMBER, value, f"x: it must be {NUMBERS}, but it is {what}.")
            for value, what in ((True, "true"), (-1, "'-1'"), ("5m", "'5m'"), (1.5, "'1.5'"), ([5], "a list"))
        ),
        (NUMBER, "a" * 100, f"x: it must be {NUMBERS}, but it is text."),
        (DICTIONARY, "a", "x: it must be a dictionary, or its YAML as text, but it is 'a'."),
        (DICTIONARY, [1], "x: it must be a dictionary, or its YAML as text, but it is a list."),
        (NAMES, {"a": 1}, "x: it must be a list or text with lines or commas, but it is a dictionary."),
        (NAMES, True, "x: it must be a list or text with lines or commas, but it is true."),
        (NAMES, ["a", ""], "x[1]: it is empty; give it a value, or take it out."),
        (NAMES, [["a"]], "x[0]: it must be text (in quotes if YAML would take it for something else), but it is a list."),
        (GATEWAYS, "public", f"x: it must be {LIST}, but it is 'public'."),
        (GATEWAYS, {"name": "public"}, f"x: it must be {LIST}, but it is a dictionary."),
        (GATEWAYS, 5, f"x: it must be {LIST}, but it is '5'."),
        (GATEWAYS, [1], "x[0]: it must be a dictionary, or its YAML as text, but it is '1'."),
        (GATEWAYS, [{"nmae": "a"}], "x[0]: there is no option 'nmae'; did you mean name?"),
        (
            GATEWAYS,
            [{"zzz": "a"}],
            "x[0]: there is no option 'zzz', only name, replicas, type, ports, values and key.",
        ),
        (GATEWAYS, [{"replicas": 1}], "x[0]: the option 'name' is missing."),
        (GATEWAYS, [{"name": "a", "type": "Node"}], "x[0].type: it must be one of NodePort, ClusterIP, but it is 'Node'."),
        (GATEWAYS, [{"name": "a", "ports": [{}]}], "x[0].ports[0]: the option 'port' is missing."),
        (GATEWAYS, [{"name": "a", "key": "secret"}], f"x[0].key: it must be {NUMBERS}, but it is text."),
    ],
)
def test_what_cannot_be_used(spec: dict[str, Any], value: Any, sentence: str) -> None:
    with pytest.raises(VariableError) as error:
        read("x", value, spec)
    assert str(error.value) == sentence


@pytest.mark.parametrize("spec", [DICTIONARY, NAMES, GATEWAYS])
def test_text_that_is_not_yaml(spec: dict[str, Any]) -> None:
    with pytest.raises(VariableError, match=r"^x: it is not valid YAML: while parsing a flow.*\.$") as error:
        read("x", "[a: [", spec)
    assert "\n" not in str(error.value)
