"""Keep the developer's own AWS settings away from what runs on this machine."""

import os

_STRIPPED = ("AWS_", "_X_AMZN_")


def forget_aws_settings() -> None:
    """Remove every AWS setting from this process's environment variables and hide `~/.aws` from boto3.

    Otherwise the shell's profile, region or certificates would reach clients of the local engine, and a profile that
    does not exist would make them fail.
    """
    for name in [name for name in os.environ if name.startswith(_STRIPPED)]:
        del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
