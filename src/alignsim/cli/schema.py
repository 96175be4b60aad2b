"""`alignsim schema`: the JSON Schema of scenario files."""

from __future__ import annotations

import click


@click.command("schema")
@click.option("--landscape", is_flag=True, help="The schema of landscape files instead.")
@click.option("--out", metavar="FILE", help="Write to FILE instead of standard output.")
def command(landscape: bool, out: str | None) -> None:
    """Print the JSON Schema (2020-12) of scenario files.

    \b
    alignsim schema --out scenarios/schema.json
    alignsim schema --landscape --out scenarios/landscape.schema.json

    An editor with a YAML language server then completes and checks files that begin with
    `# yaml-language-server: $schema=schema.json`.
    """
    import json
    from pathlib import Path

    from alignsim.files import write_text
    from alignsim.scenario.json_schema import json_schema, landscape_schema

    text = json.dumps(landscape_schema() if landscape else json_schema(), indent=2, ensure_ascii=False) + "\n"
    if out is None:
        click.echo(text, nl=False)
    else:
        click.echo(write_text(Path(out), text))
