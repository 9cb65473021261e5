"""The fields of an embed: facts, the findings as one block, and the next command; each list within a budget."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from freeze_alerts.discord.card import Field, Finding, Outcome
from freeze_alerts.discord.text import cut, escape, fence, head, is_blank, one_line, units

FIELDS_MOST, NAME_LONGEST, VALUE_LONGEST = 25, 256, 1024
STEPS_MOST, STEP_FIELDS_MOST = 20, 4

DrawnField = dict[str, Any]

# U+FE0E asks for the plain sign: as an emoji the check mark is dark grey, and lost on a dark page.
_SIGNS = {
    Outcome.OK: "✔\ufe0e",
    Outcome.TIMED_OUT: "⏱",
    Outcome.FAILED: "✖\ufe0e",
    Outcome.SKIPPED: "–",  # an en dash can't begin a list, a hyphen can
}
_STEPS, _MORE_STEPS = "First steps, already run", "First steps, continued"
_LEAST_STEP, _LEAST_FIELD = 100, 40
_FINDING_LONGEST, _FINDING_LINES_MOST, _STEP_LONGEST = 1000, 12, 60
_REST = len("\nand 9999 more")


def shown_line(text: str, longest: int) -> str:
    """Foreign text on one line, escaped and cut; "" where there is nothing to see."""
    line = cut(escape(one_line(head(text, longest))), longest)
    return "" if is_blank(line) else line


def share(needs: Sequence[int], total: int) -> list[int]:
    """``total`` dealt out fairly: who needs little gets it whole, the others get equal shares of what is left."""
    dealt = [0] * len(needs)
    smallest_first = sorted(range(len(needs)), key=needs.__getitem__)
    for waiting, index in zip(range(len(needs), 0, -1), smallest_first, strict=True):
        dealt[index] = min(needs[index], max(0, total) // waiting)
        total -= dealt[index]
    return dealt


def size(fields: Sequence[DrawnField]) -> int:
    return sum(units(each["name"]) + units(each["value"]) for each in fields)


def next_step(command: str, budget: int) -> list[DrawnField]:
    block = cut(fence(head(command, VALUE_LONGEST), "sh"), min(VALUE_LONGEST, budget - len("Next")))
    return [{"name": "Next", "value": block, "inline": False}] if units(block) > len("```sh\n…\n```") else []


def fact(field: Field) -> DrawnField:
    value = cut(escape(head(field.value.strip(), VALUE_LONGEST), keep_links=True), VALUE_LONGEST)
    return {
        "name": shown_line(field.name, NAME_LONGEST) or "—",
        "value": "—" if is_blank(value) else value,
        "inline": field.inline,
    }


def fitting_facts(facts: Sequence[DrawnField], more: int, room: int, budget: int) -> list[DrawnField]:
    """As many of the facts as are of use in the budget, at most ``room``; the rest, and ``more``, are counted."""
    needs = [size([each]) for each in facts]
    shown = min(room, _fitting(needs, budget, _LEAST_FIELD))
    rest: list[DrawnField] = []
    if shown < len(facts) + more:
        shown = max(0, min(room - 1, _fitting(needs, budget - _REST, _LEAST_FIELD)))
        rest = [{"name": "…", "value": f"and {len(facts) + more - shown} more", "inline": True}]
    limits = share(needs[:shown], budget - size(rest))
    drawn = [_cut_fact(each, limit) for each, limit in zip(facts, limits, strict=False)]
    return drawn + rest if size(drawn + rest) <= budget else drawn


def step(finding: Finding) -> str:
    """A finding as ``✔ step (0.2 s)`` and what came out, as a quotation."""
    said = {Outcome.OK: "", Outcome.SKIPPED: ": skipped"}.get(finding.outcome, f": {finding.outcome.value}")
    took_time = finding.outcome is not Outcome.SKIPPED and finding.seconds >= 0.05  # noqa: PLR2004 - shown as 0.1
    spent = f" ({finding.seconds:.1f} s)" if took_time else ""
    title = f"{_SIGNS[finding.outcome]} **{shown_line(finding.step, _STEP_LONGEST) or 'Step'}**{said}{spent}"
    text = escape(head(finding.text, _FINDING_LONGEST), keep_links=True)
    lines = [f"> {line}" for line in text.split("\n") if not is_blank(line)]
    if len(lines) > _FINDING_LINES_MOST:
        lines[_FINDING_LINES_MOST - 1 :] = [f"> and {len(lines) - _FINDING_LINES_MOST + 1} more lines"]
    return cut("\n".join([title, *lines]), _FINDING_LONGEST)


def steps_size(steps: Sequence[str]) -> int:
    """At most what the steps take when nothing of them is cut."""
    return sum(units(each) + 1 for each in steps) + _step_names_size(STEP_FIELDS_MOST) + _REST if steps else 0


def fitting_steps(steps: Sequence[str], more: int, budget: int) -> list[DrawnField]:
    """The steps as one block, in as many fields as it takes; those that find no room, and ``more``, are counted."""
    budget -= _step_names_size(min(STEP_FIELDS_MOST, 1 + budget // VALUE_LONGEST * 2)) + _REST
    needs = [units(each) + 1 for each in steps]
    count = _fitting(needs, budget, _LEAST_STEP)
    limits = share(needs[:count], budget)
    blocks = [cut(each, limit - 1) for each, limit in zip(steps, limits, strict=False)]
    values, shown = _packed(blocks)
    if values and shown < len(steps) + more:
        values[-1] += f"\nand {len(steps) + more - shown} more"
    names = [_STEPS, *[_MORE_STEPS] * (len(values) - 1)]
    return [{"name": name, "value": value, "inline": False} for name, value in zip(names, values, strict=False)]


def _packed(blocks: Sequence[str]) -> tuple[list[str], int]:
    """The blocks joined into as few values as Discord allows, and how many found room."""
    values: list[str] = []
    for done, block in enumerate(blocks):
        if values and units(values[-1]) + 1 + units(block) <= VALUE_LONGEST - _REST:
            values[-1] += f"\n{block}"
        elif len(values) < STEP_FIELDS_MOST:
            values.append(block)
        else:
            return values, done
    return values, len(blocks)


def _fitting(needs: Sequence[int], budget: int, least: int) -> int:
    """How many fit when each is cut to ``least`` at worst."""
    return sum(taken <= budget for taken in accumulate(min(each, least) for each in needs))


def _step_names_size(count: int) -> int:
    return len(_STEPS) + (count - 1) * len(_MORE_STEPS)


def _cut_fact(field: DrawnField, longest: int) -> DrawnField:
    name = cut(field["name"], max(longest // 3, longest - units(field["value"])))
    return {**field, "name": name, "value": cut(field["value"], longest - units(name))}
