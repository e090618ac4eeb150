"""Image, compose file and hooks, checked as data: they are read where no engine runs them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from honcho.environ import parse_procfile

from leadgen import embedded

ROOT = Path(__file__).parents[2]
COMPOSE_FILE = (ROOT / "docker-compose.yml").read_text()
COMPOSE = yaml.safe_load(COMPOSE_FILE)
SERVICES = COMPOSE["services"]
PROCFILE = parse_procfile((ROOT / "Procfile").read_text()).processes
DOCKERFILE = (ROOT / "Dockerfile").read_text()
LASTING = sorted(set(SERVICES) - {"migrate"})


def instructions(name):
    return re.findall(rf"^{name} (.+)$", DOCKERFILE, re.MULTILINE)


def waits_for(name):
    return {on: how["condition"] for on, how in SERVICES[name].get("depends_on", {}).items()}


class TestCompose:
    def test_has_the_two_servers_the_migration_and_every_process_of_the_procfile(self):
        assert set(SERVICES) == {"postgres", "valkey", "migrate", *PROCFILE}

    @pytest.mark.parametrize("name", PROCFILE)
    def test_runs_the_procfiles_command(self, name):
        shell, flag, line = SERVICES[name]["command"]

        # Compose's own $ is written $$; what is left then is the shell's.
        assert (shell, flag, line.replace("$$", "$")) == ("sh", "-c", f"exec {PROCFILE[name]}")

    def test_compose_itself_fills_in_none_of_the_commands(self):
        for name in PROCFILE:
            assert not re.search(r"\$(?!\$)", SERVICES[name]["command"][2].replace("$$", ""))

    def test_only_desk_and_flower_are_published_and_only_on_loopback(self):
        published = {name: each["ports"] for name, each in SERVICES.items() if "ports" in each}

        assert set(published) == {"web", "flower"}
        for port in [port for ports in published.values() for port in ports]:
            assert port.startswith("127.0.0.1:")

    @pytest.mark.parametrize("name", LASTING)
    def test_each_is_started_again_and_has_a_health_check(self, name):
        assert SERVICES[name]["restart"] == "unless-stopped"
        assert SERVICES[name]["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
        assert set(SERVICES[name]["healthcheck"]) > {"interval", "timeout", "retries"}

    @pytest.mark.parametrize("name", PROCFILE)
    def test_processes_start_behind_the_migration_with_both_servers_healthy(self, name):
        assert waits_for(name) == {
            "postgres": "service_healthy",
            "valkey": "service_healthy",
            "migrate": "service_completed_successfully",
        }

    def test_the_migration_ends_and_waits_for_the_database_only(self):
        assert SERVICES["migrate"]["restart"] == "on-failure"
        assert SERVICES["migrate"]["command"][:3] == ["python", "manage.py", "migrate"]
        assert waits_for("migrate") == {"postgres": "service_healthy"}

    @pytest.mark.parametrize("name", ["web", "beat"])
    def test_health_checks_of_the_desk_name_a_host_that_it_always_answers_to(self, name):
        check = SERVICES[name]["healthcheck"]["test"][1]

        assert "http://127.0.0.1:" in check or "headers={'Host': '127.0.0.1'}" in check

    @pytest.mark.parametrize("name", ["migrate", *PROCFILE])
    def test_no_embedded_server_starts(self, name):
        assert SERVICES[name]["environment"].keys() >= {"DATABASE_URL", "REDIS_URL"}

    def test_postgresql_is_set_up_as_the_embedded_one(self):
        program, *options = SERVICES["postgres"]["command"]
        embedded_ones = dict(
            option.removeprefix("--").split("=") for option in embedded._POSTGRES.split()
        )
        where = {"listen_addresses", "port"}  # a socket there, the network here

        assert (program, set(options[::2])) == ("postgres", {"-c"})
        assert dict(option.split("=") for option in options[1::2]) == {
            name: value for name, value in embedded_ones.items() if name not in where
        }

    def test_valkey_keeps_its_queue_over_a_restart_and_drops_none_of_it(self):
        command = " ".join(SERVICES["valkey"]["command"])

        assert "--appendonly yes" in command
        assert "--maxmemory-policy noeviction" in command
        assert SERVICES["valkey"]["volumes"] == ["valkey:/data"]

    def test_desk_and_worker_share_the_files(self):
        assert SERVICES["web"]["volumes"] == SERVICES["worker"]["volumes"] == ["files:/app/var"]

    def test_every_volume_is_a_named_one(self):
        used = {
            place.split(":")[0] for each in SERVICES.values() for place in each.get("volumes", [])
        }

        assert used == set(COMPOSE["volumes"]) == {"database", "valkey", "files"}

    def test_no_secret_stands_in_the_file(self):
        named = re.findall(r"PASSWORD: +(.+)$", COMPOSE_FILE, re.MULTILINE)
        in_addresses = re.findall(r"://[^:/@\s]*:([^@\n]+)@", COMPOSE_FILE)

        assert (len(named), len(in_addresses)) == (1, 1)
        assert all(secret.startswith("${") for secret in [*named, *in_addresses])

    @pytest.mark.parametrize("name", sorted(SERVICES))
    def test_images_are_built_here_or_pinned_by_a_version(self, name):
        each = SERVICES[name]

        assert each.get("build") == "." or re.fullmatch(r"[\w/]+:\d[\w.-]*", each["image"])


class TestDockerfile:
    def test_is_built_on_one_pinned_image(self):
        assert instructions("FROM") == ["python:3.11-slim"]

    def test_runs_as_a_plain_user(self):
        (user,) = instructions("USER")

        assert user not in {"root", "0"}
        assert f" {user}\n" in DOCKERFILE.split("USER")[0]  # made before

    def test_installs_hashed_requirements_of_the_product_only(self):
        assert "--require-hashes -r requirements/base.txt" in DOCKERFILE
        assert "dev.txt" not in DOCKERFILE

    def test_copies_what_exists_and_neither_settings_nor_data(self):
        copied = [line.split()[:-1] for line in instructions("COPY")]
        sources = [source for line in copied for source in line]

        assert all((ROOT / source).exists() for source in sources)
        assert not {".", ".env", "var"} & set(sources)

    def test_the_build_is_given_all_that_is_copied(self):
        given = set(re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
        copied = [line.split()[:-1] for line in instructions("COPY")]

        assert given == {source for line in copied for source in line}


class TestHooks:
    def test_are_local_so_that_they_need_no_network_and_share_one_pin(self):
        found = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]

        assert [repo["repo"] for repo in found] == ["local"]
        assert {hook["language"] for hook in found[0]["hooks"]} == {"system"}

    def test_run_what_make_check_runs(self):
        found = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
        checks = (ROOT / "Makefile").read_text().replace("$(BIN)", ".venv/bin")

        assert len(found[0]["hooks"]) == 5
        for hook in found[0]["hooks"]:
            assert f"\t{hook['entry']}\n" in checks.replace("\t@", "\t")
