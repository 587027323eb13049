"""
`aws SERVICE OPERATION --option value …` as far as the runbooks need it: those words of the AWS CLI, run by botocore.

`--query` is JMESPath, `--output text` values without quotes (AWS CLI user guide, "Controlling command output"). Which
options an operation has, and that none is missing, the service's own description says. Structures are written
`Key=value,Key=value` ("Using shorthand syntax"); what an operation streams goes to the file that is named last.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import botocore.session
import jmespath  # type: ignore[import-untyped]
from botocore import xform_name
from botocore.model import ListShape, OperationModel, Shape, StructureShape

OURS = frozenset({"query", "output", "cli-binary-format"})
SERVICES = {"deploy": "codedeploy", "s3api": "s3"}
"""Those that the CLI calls otherwise than the SDK."""


class NoSuchCommandError(ValueError):
    """The AWS CLI would not take it; the message says why."""


@dataclass(frozen=True)
class Command:
    service: str
    operation: OperationModel
    parameters: dict[str, Any]
    query: str | None
    text: bool
    streamed_to: Path | None

    @classmethod
    def of(cls, words: Sequence[str]) -> "Command":
        """
        Raises:
            NoSuchCommandError: there is no such service, operation or option, or a needed one is missing.
        """
        said, named, *rest = words
        service = SERVICES.get(said, said)
        try:
            model = botocore.session.get_session().get_service_model(service)
        except botocore.exceptions.UnknownServiceError as error:
            raise NoSuchCommandError(str(error)) from None
        names = {xform_name(each, "-"): each for each in model.operation_names}
        if named not in names:
            raise NoSuchCommandError(f"{service} has no {named}")
        operation = model.operation_model(names[named])
        streamed_to = Path(rest.pop()) if operation.has_streaming_output and rest else None
        given = dict(_options(rest))
        ours = {name: " ".join(given.pop(name)) for name in OURS & given.keys()}
        text = ours.get("output") == "text"
        return cls(service, operation, _parameters(operation, given), ours.get("query"), text, streamed_to)

    def run(self) -> str:
        """What it prints."""
        client = botocore.session.get_session().create_client(self.service)
        answer = getattr(client, xform_name(self.operation.name))(**self.parameters)
        answer.pop("ResponseMetadata")
        if self.streamed_to is not None:
            self._stream(answer)
        found = answer if self.query is None else jmespath.search(self.query, answer)
        if not self.text:
            return json.dumps(found, indent=4, default=str)
        return "\t".join(map(str, found)) if isinstance(found, list) else str(found)

    def _stream(self, answer: dict[str, Any]) -> None:
        assert self.streamed_to is not None
        assert self.operation.output_shape is not None
        name = self.operation.output_shape.serialization["payload"]
        with self.streamed_to.open("ab") as file:
            file.write(answer.pop(name).read() + b"\n")


def _options(words: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    values: list[str] = []
    name = None
    for word in words:
        if word.startswith("--"):
            if name is not None:
                yield name, values
            name, values = word.removeprefix("--"), []
        elif name is None:
            raise NoSuchCommandError(f"{word} belongs to no option")
        else:
            values.append(word)
    if name is not None:
        yield name, values


def _parameters(operation: OperationModel, given: dict[str, list[str]]) -> dict[str, Any]:
    shape = operation.input_shape
    members = shape.members if shape is not None else {}
    names = {xform_name(name, "-"): name for name in members}
    if unknown := given.keys() - names.keys():
        raise NoSuchCommandError(f"{operation.name} has no --{', --'.join(sorted(unknown))}")
    parameters = {names[each]: _value(members[names[each]], values) for each, values in given.items()}
    if missing := set(shape.required_members if shape is not None else ()) - parameters.keys():
        raise NoSuchCommandError(f"{operation.name} needs {', '.join(sorted(missing))}")
    return parameters


def _value(shape: Shape, values: list[str]) -> Any:
    match shape:
        case ListShape():
            return [_value(shape.member, [each]) for each in values]
        case StructureShape():
            pairs = (each.partition("=") for each in values[0].split(","))
            return {name: _value(shape.members[name], [value]) for name, _, value in pairs}
        case _ if shape.type_name in {"integer", "long"}:
            return int(values[0])
        case _:
            return " ".join(values)


def main() -> int:
    try:
        sys.stdout.write(Command.of(sys.argv[1:]).run() + "\n")
    except NoSuchCommandError as error:
        sys.stderr.write(f"{error}\n")
        return 252
    return 0


if __name__ == "__main__":
    sys.exit(main())
