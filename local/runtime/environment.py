"""The environment variables of an execution environment: what AWS sets, then what the function's definition sets."""

import os
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from local.model import Function

PYTHON = "python3.13"


def variables(
    function: Function, *, interpreter: Path, runtime_api: str, home: Path, provisioned: bool, extra: Mapping[str, str]
) -> dict[str, str]:
    """
    All variables of one worker process of `function`; nothing is inherited from this process.

    `runtime_api` is `host:port`, `home` the worker's private folder (its `/tmp`). `extra` holds what points AWS
    clients at local engines; the function's own variables win over it, reserved ones over both.
    """
    layers = tuple(reversed(function.layers))  # each is unpacked over the ones before it
    modules = [function.code]
    for layer in layers:
        modules += [layer / "python" / "lib" / PYTHON / "site-packages", layer / "python"]
    region = function.arn.split(":")[3]
    today = datetime.now(UTC).strftime("%Y/%m/%d")
    return {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_SESSION_TOKEN": "test",
        **extra,
        **function.environment,
        "AWS_DEFAULT_REGION": region,
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "provisioned-concurrency" if provisioned else "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": f"{today}/[$LATEST]{uuid.uuid4().hex}",
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "AWS_REGION": region,
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "HOME": str(home),
        "LAMBDA_RUNTIME_DIR": str(interpreter.parent),
        "LAMBDA_TASK_ROOT": str(function.code),
        "LANG": "en_US.UTF-8",
        "LD_LIBRARY_PATH": os.pathsep.join(str(layer / "lib") for layer in layers),
        "PATH": os.pathsep.join([str(interpreter.parent), "/usr/local/bin", "/usr/bin", "/bin"]),
        "PYTHONPATH": os.pathsep.join(str(folder) for folder in modules if folder.is_dir()),
        "TMPDIR": str(home),
        "TZ": ":UTC",
        "_HANDLER": function.handler,
    }
