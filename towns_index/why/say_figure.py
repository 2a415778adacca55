"""The trace of a figure in words: lines with their depth, for :mod:`.say`."""

from towns_index import words
from towns_index.why.wording import SAME, number

LIST_OF_TOWNS = 12


def figure(trace: dict) -> list[tuple[int, str]]:
    if not trace["found"]:
        return [(0, f"{trace['figure']} stands neither in the report nor in the tables of results.")]
    lines = [(0, f"{trace['figure']}")]
    if trace["in_report"]:
        lines.append((0, "In the report:"))
        lines += [(1, f"{told['in']}: {told['words']}") for told in trace["in_report"]]
        if trace["more_in_report"]:
            lines.append((1, f"and {trace['more_in_report']:,} more"))
    if trace["places"]:
        lines += [(0, ""), (0, "In the tables of results, most relevant first:")]
        for place in trace["places"]:
            value = f" = {number(place['value'])}"
            lines.append((1, f"{place['words']}{value} ({place['table']}, column {place['column']})"))
    if trace["more_places"]:
        total = sum(trace["more_places"].values())
        where = words.listed([f"{count:,} in {kind}" for kind, count in trace["more_places"].items()])
        lines.append((1, f"and {total:,} more: {where}"))
    untraced = "No table holds it: the report works it out from the tables when it is built (towns_index/report/)."
    return lines + (_traced(trace["traced"]) if trace["traced"] else [(0, ""), (0, untraced)])


def _traced(traced: dict) -> list[tuple[int, str]]:
    lines = [(0, ""), (0, f"Traced: {traced['words']}: {number(traced['value'])}")]
    told = f"{traced['table']}, column {traced['column']}" + (f": {traced['means']}" if traced["means"] else "")
    lines.append((1, told + (f" ({traced['unit']})" if traced["unit"] else "") + "."))
    if traced["formula_or_base"]:
        lines.append((1, f"{traced['formula_or_base']}"))
    if traced["source"]:
        lines.append((1, f"Source: {traced['source']}; {traced['evidence']}."))
    if traced["beside_it"]:
        beside = [f"{name} = {number(value)}" for name, value in traced["beside_it"].items() if value is not None]
        lines.append((1, f"Beside it: {'; '.join(beside).rstrip('.')}."))
    if traced["same"] is not None:
        other = "" if traced["same"] else f", {number(traced['again'])}"
        how = traced["again_from"][0].upper() + traced["again_from"][1:]
        lines.append((1, f"{how}: {SAME[traced['same']]}{other}."))
    made = traced["made_by"]
    if made:
        lines.append(
            (
                1,
                f"Made by stage {made['stage']}, {made['title']}: {made['notebook']}, executed {made['executed']}.",
            )
        )
        lines.append((1, f"It reads {words.listed(made['reads'])}."))
    if traced["towns"]:
        names = [town["name"] for town in traced["towns"]]
        more = f" and {len(names) - LIST_OF_TOWNS:,} more (--json lists all)" if len(names) > LIST_OF_TOWNS else ""
        lines.append((1, f"The towns: {', '.join(names[:LIST_OF_TOWNS])}{more}."))
    return lines + [(1, f"Further down: {command}") for command in traced["further"]]
