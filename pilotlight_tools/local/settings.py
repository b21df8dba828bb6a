"""The developer's own AWS settings have no say in what runs on this machine."""

import os

_STRIPPED = ("AWS_", "_X_AMZN_")


def forget_aws_settings() -> None:
    """Take every AWS setting out of this process's environment and hide `~/.aws` from boto3.

    Otherwise a profile that the shell names, its region or its certificates would reach clients that talk to the
    local engine, and a profile that does not exist would fail them.
    """
    for name in [name for name in os.environ if name.startswith(_STRIPPED)]:
        del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
