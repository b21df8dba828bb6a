"""Whatever packages a service, the plugin leaves it alone: other plugins, images, monorepos, packages made before."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
import yaml

from pilotlight import __version__
from tests.support.foreign import (
    DEPLOY_TOOL,
    HTTP_EVENT,
    PLAIN_HANDLER,
    TARGET,
    Foreign,
    pilotlight_files,
    run,
    service,
    unpack,
    wheel,
)
from tests.support.project import PROJECT
from tests.support.template import Packaged

pytestmark = pytest.mark.slow
OURS, PYTHON_REQUIREMENTS = "serverless-pilotlight", "serverless-python-requirements"
NEIGHBOURS = (PYTHON_REQUIREMENTS, "serverless-offline", "serverless-domain-manager")
IMAGE = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/shop@sha256:{'0' * 64}"
NO_PILOTLIGHT = "has no `pilotlight/` in it"


@pytest.fixture(scope="session")
def neighbours(tarball: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The other plugins that such services have, from npm, beside ours."""
    folder = tmp_path_factory.mktemp("neighbours")
    (folder / "package.json").write_text('{"private": true}')
    quiet = ["--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline"]
    # Their peer is `serverless`, of which npm would install Serverless Inc.'s.
    done = run(["npm", "install", *quiet, "--legacy-peer-deps", str(tarball), *NEIGHBOURS], folder)
    assert done.exit_code == 0, done.text
    return folder / "node_modules"


@pytest.fixture
def among_others(neighbours: Path, tmp_path: Path) -> Foreign:
    folder = tmp_path / "service"
    folder.mkdir()
    (folder / "node_modules").symlink_to(neighbours)
    (folder / "requirements.txt").write_text(f"pilotlight @ file://{wheel(tmp_path)}\n")
    return Foreign(folder)


def with_plugins(plugins: list[str], **changes: Any) -> dict[str, Any]:
    pip = {
        "pythonBin": "python3",
        "useStaticCache": False,
        "useDownloadCache": False,
        "pipCmdExtraArgs": ["--no-index"],
    }
    custom = {"pilotlight": {"targets": [TARGET]}, "pythonRequirements": pip}
    return service(plugins=plugins, custom={**custom, "customDomain": {"domainName": "api.example.com"}}, **changes)


def names(zip_file: Path) -> set[str]:
    with zipfile.ZipFile(zip_file) as archive:
        return set(archive.namelist())


def test_the_tarball_has_all_that_the_plugin_needs_and_no_bytecode(tarball: Path) -> None:
    unpack(tarball, tarball.parent / "unpacked")
    found = tarball.parent / "unpacked" / OURS
    files = {path.relative_to(found).as_posix() for path in found.rglob("*") if path.is_file()}
    assert {"LICENSE", "README.md", "index.cjs", "python/pilotlight/warming/tick.py"} <= files
    assert not [name for name in files if "__pycache__" in name or name.endswith(".pyc") or name == "pack.cjs"]
    sources = {path.relative_to(PROJECT / "pilotlight").as_posix() for path in (PROJECT / "pilotlight").rglob("*.py")}
    assert {
        name.removeprefix("python/pilotlight/") for name in files if name.startswith("python/pilotlight/")
    } >= sources


def test_packing_leaves_no_copy_behind(tarball: Path) -> None:
    assert not (tarball.parent / "plugin" / "LICENSE").exists()
    assert not (tarball.parent / "plugin" / "python" / "pilotlight").exists()


def test_npm_installs_the_tarball_and_nothing_else(tarball: Path, tmp_path: Path) -> None:
    """osls is an optional peer: it is mostly installed by the name `serverless`, and npm must not add a second one."""
    (tmp_path / "package.json").write_text('{"private": true}')
    done = run(["npm", "install", "--offline", "--no-audit", "--no-fund", str(tarball)], tmp_path)
    assert done.exit_code == 0, done.text
    assert [each.name for each in (tmp_path / "node_modules").iterdir() if not each.name.startswith(".")] == [OURS]
    Foreign(tmp_path).write(service()).package()


@pytest.mark.parametrize("order", [*permutations((OURS, PYTHON_REQUIREMENTS))])
@pytest.mark.parametrize("individually", [False, True])
def test_beside_python_requirements_it_leaves_packaging_alone(
    among_others: Foreign, order: tuple[str, str], individually: bool
) -> None:
    configuration = with_plugins([*order], package={"individually": individually, "patterns": ["!node_modules/**"]})
    found = among_others.write(configuration).package()
    assert found.output.count(f"Packaging is left to {PYTHON_REQUIREMENTS}.") == 1
    assert NO_PILOTLIGHT not in found.output
    packages = among_others.folder / ".serverless"
    assert "pilotlight/ping.py" in names(packages / ("orders.zip" if individually else "shop.zip"))
    # That plugin puts the requirements into every package of a function; into the warmer's they do not belong.
    assert not [name for name in names(packages / "pilotlightWarmer.zip") if not name.startswith("pilotlight/")]


def test_two_builders_are_refused_with_the_way_out(among_others: Foreign) -> None:
    configuration = with_plugins([OURS, PYTHON_REQUIREMENTS])
    configuration["custom"]["pilotlight"]["packaging"] = "pilotlight"
    assert "would both package" in among_others.write(configuration).refused()


@pytest.mark.parametrize("place", [0, 1, 3])
def test_several_plugins_before_and_after_it_change_nothing(among_others: Foreign, place: int) -> None:
    others = [*NEIGHBOURS]
    plugins = [*others[:place], OURS, *others[place:]]
    rest = {"orders": {"handler": "orders.handler", "events": [{"http": "GET /orders"}]}}
    configuration = with_plugins(plugins, functions=rest, package={"patterns": ["!node_modules/**"]})
    found = among_others.write(configuration).package()
    assert found.resources["PilotlightWarmerLambdaFunction"]["Properties"]["MemorySize"] == 1024
    assert found.resources["OrdersLambdaFunction"]["Properties"]["TracingConfig"] == {"Mode": "Active"}


def test_images_are_targets_too_and_the_warmer_needs_none(foreign: Foreign) -> None:
    functions = {"orders": {"image": IMAGE, "events": HTTP_EVENT}}
    found = foreign.write(service(functions=functions, provider={"name": "aws"}), {"README": ""}).package()
    orders, warmer = (found.resources[f"{name}LambdaFunction"]["Properties"] for name in ("Orders", "PilotlightWarmer"))
    assert (orders["PackageType"], orders["TracingConfig"]) == ("Image", {"Mode": "Active"})
    assert warmer["Runtime"] == "python3.13"
    assert warmer["Code"]["S3Key"].endswith("/pilotlightWarmer.zip")
    assert "Warning" not in found.output


def test_each_package_of_its_own_is_looked_into(foreign: Foreign) -> None:
    """One has Pilotlight, one has not; `package.individually` on the service and on the function."""
    only = ["!**", "orders.py"]
    functions: dict[str, dict[str, Any]] = {
        "orders": {"handler": "orders.handler", "package": {"patterns": only}},
        "pay": {"handler": "orders.handler", "package": {"patterns": [*only, "pilotlight/**"]}},
    }
    settings = {"targets": [TARGET, {"function": "pay", "concurrency": 1}]}
    files = {"orders.py": PLAIN_HANDLER, **pilotlight_files()}
    configuration = service(pilotlight=settings, functions=functions, package={"individually": True})
    output = foreign.write(configuration, files).package().output
    assert f"The package of orders {NO_PILOTLIGHT}" in output
    functions["orders"]["package"]["individually"] = True
    found = foreign.write({**configuration, "package": {"patterns": ["!node_modules/**"]}}, files).package()
    assert f"The package of orders {NO_PILOTLIGHT}" in found.output


def test_an_artifact_that_is_named_is_looked_into(foreign: Foreign) -> None:
    with zipfile.ZipFile(foreign.folder / "made.zip", "w") as archive:
        archive.writestr("orders.py", "def handler(event, context): return 1")
    functions = {"orders": {"handler": "orders.handler", "package": {"artifact": "made.zip"}}}
    output = foreign.write(service(functions=functions)).package().output
    assert NO_PILOTLIGHT in output
    assert "`handler` in orders.py never looks at its event" in output


def test_another_release_line_is_refused_with_both_versions(foreign: Foreign) -> None:
    files = {"orders.py": PLAIN_HANDLER, **pilotlight_files("7.1.0")}
    refused = foreign.write(service(), files).refused()
    assert f"has Pilotlight 7.1.0, and the plugin is of {__version__}" in refused


def test_a_redirection_needs_the_real_handler(foreign: Foreign) -> None:
    orders: dict[str, Any] = {"handler": "pilotlight.redirect.handler", "events": HTTP_EVENT}
    files = {"orders.py": PLAIN_HANDLER, **pilotlight_files()}
    configuration = service(functions={"orders": orders})
    assert "PILOTLIGHT_HANDLER is missing" in foreign.write(configuration, files).refused()
    orders["environment"] = {"PILOTLIGHT_HANDLER": "orders.handler"}
    assert "Warning" not in foreign.write(configuration, files).package().output


def test_in_a_monorepo_tool_and_plugin_are_at_the_root(tarball: Path, tmp_path: Path) -> None:
    """npm hoists what several services share, also into a folder that is not above the plugin's own."""
    unpack(tarball, tmp_path / "node_modules")
    (tmp_path / "node_modules" / "serverless").symlink_to(DEPLOY_TOOL.parent.parent)
    (tmp_path / "package.json").write_text(json.dumps({"private": True, "workspaces": ["services/*"]}))
    folder = tmp_path / "services" / "shop"
    folder.mkdir(parents=True)
    (folder / "package.json").write_text(json.dumps({"name": "shop", "version": "1.0.0"}))
    shop = Foreign(folder).write(service())
    program = tmp_path / "node_modules" / "serverless" / "bin" / "serverless.js"
    done = run(["node", "--preserve-symlinks-main", str(program), "package"], folder)
    assert done.exit_code == 0, done.text
    assert "pilotlight/warmer.py" in names(folder / ".serverless" / "pilotlightWarmer.zip")
    assert (
        "no such function. Did you mean `orders`?"
        in shop.write(service(pilotlight={"targets": [TARGET], "warmer": "order"})).refused()
    )


def test_the_deploy_tools_own_modules_are_found_before_the_plugin_loads(foreign: Foreign) -> None:
    """serverless.yml may name a file of the plugin, whose tool is global or in npx's cache: not beside the plugin."""
    (foreign.folder / "config").write_text("[default]\nregion = eu-north-1\n")
    region = f"${{file(node_modules/{OURS}/region.cjs):ofProfile}}"
    configuration = service(provider={"name": "aws", "runtime": "python3.13", "region": region})
    mine = Foreign(foreign.folder, {"AWS_CONFIG_FILE": str(foreign.folder / "config")})
    printed = yaml.safe_load(mine.write(configuration).must("print").split("\n\n")[0])
    assert printed["provider"]["region"] == "eu-north-1"


def test_dotenv_sets_what_the_settings_read(foreign: Foreign) -> None:
    settings = {"targets": [{"function": "orders", "concurrency": "${env:WARM}"}]}
    configuration = {**service(pilotlight=settings), "useDotenv": True}
    found = foreign.write(configuration, {"orders.py": PLAIN_HANDLER, ".env": "WARM=7\n"}).package()
    variables = found.resources["PilotlightWarmerLambdaFunction"]["Properties"]["Environment"]["Variables"]
    assert json.loads(variables["PILOTLIGHT_TARGETS"])[0]["concurrency"] == 7


def test_a_package_in_a_folder_of_its_own_has_the_warmers_too(foreign: Foreign) -> None:
    foreign.write(service()).must("package", "--package", "out")
    assert "pilotlight/warmer.py" in names(foreign.folder / "out" / "pilotlightWarmer.zip")
    state = json.loads((foreign.folder / "out" / "serverless-state.json").read_text())
    artifact = state["service"]["functions"]["pilotlightWarmer"]["package"]["artifact"]
    assert artifact == ".serverless/pilotlightWarmer.zip", "it can be deployed from another folder"


def test_our_builder_packages_each_function_on_its_own_where_that_is_asked_for(foreign: Foreign) -> None:
    handler = "from pilotlight.entry import entry_point\nfrom pilotlight.routing import Routes\n"
    files = {f"{name}.py": f"{handler}handler = entry_point(Routes())\n" for name in ("orders", "pay")}
    functions = {
        name: {"handler": f"{name}.handler", "package": {"patterns": [f"{name}.py"]}} for name in ("orders", "pay")
    }
    settings = {"targets": [TARGET], "packaging": "pilotlight"}
    requirements = {"requirements.txt": "", "LICENSE": ""}
    configuration = service(
        pilotlight=settings, functions=functions, package={"individually": True, "patterns": ["!**", "pilotlight/**"]}
    )
    foreign.write(configuration, {**files, **requirements, **pilotlight_files()}).package()
    for name, other in (("orders", "pay"), ("pay", "orders")):
        found = names(foreign.folder / ".serverless" / f"{name}.zip")
        assert {f"{name}.py", "pilotlight/build.txt"} <= found
        assert f"{other}.py" not in found
    variables = {"PILOTLIGHT_SERVICE": "shop-dev"}
    state = json.loads((foreign.folder / ".serverless" / "serverless-state.json").read_text())
    assert state["service"]["provider"]["environment"] == variables


def test_a_module_that_a_layer_has_is_said_to_be_provided(foreign: Foreign) -> None:
    """`packaging: pilotlight` refuses what is certain to be missing on Lambda."""
    files = {"orders.py": f"import pandas\n{PLAIN_HANDLER}", **pilotlight_files(), "requirements.txt": ""}
    package = {"patterns": ["!**", "orders.py", "pilotlight/**"]}
    settings = {"targets": [TARGET], "packaging": "pilotlight"}
    refused = foreign.write(service(pilotlight=settings, package=package), files).refused()
    assert "imports pandas" in refused
    assert "write `provided: [pandas]`" in refused
    foreign.write(service(pilotlight={**settings, "provided": ["pandas"]}, package=package), files).package()


REPLIES = (
    "from pilotlight.entry import entry_point\nfrom pilotlight.routing import Routes\nhandler = entry_point(Routes())\n"
)
OWN_PATTERNS = ["!**", "pilotlight/**", "orders.py", "pay.py"]
ANNOUNCED = re.compile(r"Package for (\S+ on \S+)(?: \(([\w, ]+)\))?: [\d.]+ MB, build (\w{16}), sha256 (\w{12})")


def packaged_by_us(
    foreign: Foreign, functions: dict[str, dict[str, Any]], files: dict[str, str] | None = None, **changes: Any
) -> Packaged:
    """`sls package` with `packaging: pilotlight` of functions whose modules are orders.py and pay.py."""
    package = {"patterns": OWN_PATTERNS, **changes.pop("package", {})}
    settings = {"targets": [TARGET], **changes.pop("pilotlight", {}), "packaging": "pilotlight"}
    own = {"orders.py": REPLIES, "pay.py": REPLIES, "requirements.txt": "", **pilotlight_files(), **(files or {})}
    return foreign.write(service(pilotlight=settings, functions=functions, package=package, **changes), own).package()


def shipped(found: Packaged) -> dict[str, str]:
    """The file of each function's package, by the function's logical id."""
    functions = found.of_type("AWS::Lambda::Function")
    return {
        name.removesuffix("LambdaFunction"): each["Code"]["S3Key"].rpartition("/")[2]
        for name, each in functions.items()
    }


def function_of(name: str, **changes: Any) -> dict[str, Any]:
    return {"handler": f"{name}.handler", **changes}


def test_what_is_the_same_is_built_once(foreign: Foreign) -> None:
    """Individually packaged functions too, where platform and patterns are the same."""
    alone = {"individually": True}
    functions = {
        "orders": function_of("orders"),
        "same": function_of("pay", package=alone),
        "also": function_of("orders", package={**alone, "patterns": ["!pay.py"]}),
        "again": function_of("orders", package={**alone, "patterns": ["!pay.py"]}),
        "older": function_of("pay", runtime="python3.12"),
    }
    found = packaged_by_us(foreign, functions)
    older = "shop-python3.12-x86_64.zip"
    assert shipped(found) == {
        "Orders": "shop.zip",
        "Same": "shop.zip",
        "Also": "also.zip",
        "Again": "also.zip",
        "Older": older,
        "PilotlightWarmer": "pilotlightWarmer.zip",
    }
    announced = ANNOUNCED.findall(found.output)
    assert [(platform, keys) for platform, keys, *_ in announced] == [
        ("python3.13 on x86_64", "orders, same"),
        ("python3.12 on x86_64", "older"),
        ("python3.13 on x86_64", "also, again"),
    ]
    assert "pay.py" not in names(foreign.folder / ".serverless" / "also.zip")


def test_each_package_is_kept_for_the_next_time(foreign: Foreign) -> None:
    functions = {name: function_of(name, package={"patterns": [f"!{name}.none"]}) for name in ("orders", "pay")}
    files = {"orders.none": "", "pay.none": ""}
    packaged_by_us(foreign, functions, files, package={"individually": True})
    cache = foreign.folder / "node_modules" / ".cache" / "pilotlight" / "packages"
    kept = {path: path.stat().st_mtime_ns for path in cache.glob("*.zip")}
    assert len(kept) == 2
    packaged_by_us(foreign, functions, files, package={"individually": True})
    assert {path: path.stat().st_mtime_ns for path in cache.glob("*.zip")} == kept
    assert not (foreign.folder / "build").exists(), "a service's folder is its own"


def test_functions_that_are_not_python_are_left_to_the_deploy_tool(foreign: Foreign) -> None:
    functions = {"orders": function_of("orders"), "web": {"handler": "web.handler", "runtime": "nodejs22.x"}}
    patterns = {"patterns": ["!**", "pilotlight/**", "orders.py", "web.js"]}
    found = packaged_by_us(foreign, functions, {"web.js": "exports.handler = () => 1;"}, package=patterns)
    assert shipped(found)["Orders"] == "shop-python3.13-x86_64.zip"
    assert shipped(found)["Web"] == "shop.zip"
    assert "pilotlight/build.txt" in names(foreign.folder / ".serverless" / shipped(found)["Orders"])
    assert "pilotlight/build.txt" not in names(foreign.folder / ".serverless" / "shop.zip")


def test_the_warmer_expects_the_build_of_each_package_that_is_not_its_own(foreign: Foreign) -> None:
    """Without it, the build that counts would be that of the warmer's own package."""
    alone = {"individually": True, "patterns": ["!pay.py"]}
    functions = {"orders": function_of("orders", package=alone), "pay": function_of("pay")}
    ticks = [{"schedule": "rate(5 minutes)"}]
    functions["warmer"] = {"handler": "pilotlight.warmer.handler", "events": ticks, "timeout": 20}
    targets = [TARGET, {"function": "pay", "concurrency": 1}]
    found = packaged_by_us(foreign, functions, pilotlight={"targets": targets, "warmer": "warmer"})
    orders, pay = expected(found, "Warmer")
    assert orders["build"] == build_in(foreign, "orders.zip")
    assert "build" not in pay
    del functions["warmer"]
    found = packaged_by_us(foreign, functions, pilotlight={"targets": targets})
    assert [each["build"] for each in expected(found, "PilotlightWarmer")] == [
        build_in(foreign, name) for name in ("orders.zip", "shop.zip")
    ]
    orders_variables = found.resources["OrdersLambdaFunction"]["Properties"]["Environment"]["Variables"]
    assert "PILOTLIGHT_BUILD" not in orders_variables, "the package says it"


def expected(found: Packaged, warmer: str) -> list[dict[str, Any]]:
    """The targets as the warmer reads them."""
    variables = found.resources[f"{warmer}LambdaFunction"]["Properties"]["Environment"]["Variables"]
    targets: list[dict[str, Any]] = json.loads(variables["PILOTLIGHT_TARGETS"])
    return targets


def build_in(foreign: Foreign, package: str) -> str:
    with zipfile.ZipFile(foreign.folder / ".serverless" / package) as archive:
        return archive.read("pilotlight/build.txt").decode().strip()


@pytest.mark.parametrize("place", ["service", "function"])
def test_an_artifact_that_is_named_is_not_built(foreign: Foreign, place: str) -> None:
    with zipfile.ZipFile(foreign.folder / "made.zip", "w") as archive:
        for name, content in {"orders.py": REPLIES, **pilotlight_files()}.items():
            archive.writestr(name, content)
    made = {"artifact": "made.zip"}
    functions = {"orders": function_of("orders", package=made if place == "function" else {})}
    found = packaged_by_us(foreign, functions, package=made if place == "service" else {})
    assert shipped(found)["Orders"] == "made.zip"
    (target,) = expected(found, "PilotlightWarmer")
    orders_variables = found.resources["OrdersLambdaFunction"]["Properties"]["Environment"]["Variables"]
    assert orders_variables["PILOTLIGHT_BUILD"] == target["build"]


def test_what_is_the_same_for_several_packages_is_said_once(foreign: Foreign) -> None:
    functions = {name: function_of(name, package={"patterns": [f"!{name}.none"]}) for name in ("orders", "pay")}
    shared = "def export():\n    import pandas\n"
    own = dict.fromkeys(("orders.py", "pay.py"), f"import shared\n{REPLIES}")
    files = {"orders.none": "", "pay.none": "", "shared.py": shared, **own}
    package = {"individually": True, "patterns": [*OWN_PATTERNS, "shared.py"]}
    output = packaged_by_us(foreign, functions, files, package=package).output
    assert output.count("If it ever runs: shared.py, line 2 imports pandas") == 1


def test_a_function_by_the_services_name_has_a_package_of_its_own(foreign: Foreign) -> None:
    alone = {"individually": True, "patterns": ["!orders.py"]}
    functions = {"orders": function_of("orders"), "shop": function_of("pay", package=alone)}
    found = packaged_by_us(foreign, functions)
    assert (shipped(found)["Orders"], shipped(found)["Shop"]) == ("shop.zip", "shop-function.zip")


def test_a_module_by_the_name_of_one_of_pythons_own_does_not_reach_the_builder(foreign: Foreign) -> None:
    files = {"ast.py": "raise SystemExit('the wrong one')\n"}
    packaged_by_us(foreign, {"orders": function_of("orders")}, files, package={"patterns": [*OWN_PATTERNS, "ast.py"]})


def test_without_patterns_there_is_nothing_to_build_and_the_list_is_asked_for(foreign: Foreign) -> None:
    settings = {"targets": [TARGET], "packaging": "pilotlight"}
    refused = foreign.write(service(pilotlight=settings)).refused()
    assert "`packaging: pilotlight` ships what package.patterns lists" in refused


CHANGES_PACKAGES = """
const fs = require('node:fs');
module.exports = class {
  constructor(serverless) {
    this.hooks = {
      'HOOK': () => fs.appendFileSync(serverless.service.package.artifact, 'x'),
    };
  }
};
"""


@pytest.mark.parametrize("hook", ["after:package:createDeploymentArtifacts", "before:package:finalize"])
@pytest.mark.parametrize("place", [0, 1])
def test_hash_and_size_are_of_what_is_shipped_whatever_other_plugins_do(
    foreign: Foreign, hook: str, place: int
) -> None:
    plugins = [OURS]
    plugins.insert(place, "./changes.cjs")
    files = {"changes.cjs": CHANGES_PACKAGES.replace("HOOK", hook)}
    found = packaged_by_us(foreign, {"orders": function_of("orders")}, files, plugins=plugins)
    ((*_, announced),) = ANNOUNCED.findall(found.output)
    content = (foreign.folder / ".serverless" / "shop.zip").read_bytes()
    assert content.endswith(b"x")
    assert hashlib.sha256(content).hexdigest().startswith(announced)
    assert "Another plugin has changed the package of orders after it was built" in found.output


def test_a_package_that_nobody_changes_is_announced_without_a_warning(foreign: Foreign) -> None:
    found = packaged_by_us(foreign, {"orders": function_of("orders")})
    ((_, keys, _, announced),) = ANNOUNCED.findall(found.output)
    content = (foreign.folder / ".serverless" / "shop.zip").read_bytes()
    assert (keys, hashlib.sha256(content).hexdigest()[:12]) == ("", announced)
    assert "Another plugin" not in found.output


@pytest.mark.parametrize(
    ("setting", "refusal"),
    [
        ({"requireHashes": True}, "--hash"),
        ({"requireHashes": False}, None),
        ({"provided": ["no module"]}, "custom.pilotlight.provided has 'no module'"),
        ({"shipBoto3": "yes"}, "'custom.pilotlight.shipBoto3'"),
    ],
)
def test_the_builders_settings_reach_it(foreign: Foreign, setting: dict[str, Any], refusal: str | None) -> None:
    files = {"orders.py": REPLIES, "requirements.txt": f"pilotlight @ file://{wheel(foreign.folder)}\n"}
    settings = {"targets": [TARGET], "packaging": "pilotlight", **setting}
    written = foreign.write(service(pilotlight=settings, package={"patterns": ["!**", "orders.py"]}), files)
    if refusal:
        assert refusal in written.refused()
    else:
        written.package()
