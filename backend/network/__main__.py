"""Permissioning from the command line, for who holds the operator's keys: ``python -m backend.network COMMAND --help``.

A change is stored like one from the portal, with the name of the system's user and the reason, and told to the nodes at once when no worker
runs, else by the worker. Exit codes: 0 done, 1 refused or not everywhere yet, 2 wrong arguments.
"""

from __future__ import annotations

import getpass
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from sqlalchemy import Engine

from backend.core.clock import SystemClock
from backend.core.context import Actor, Context
from backend.core.db import unit_of_work
from backend.core.errors import DomainError
from backend.core.pagination import PageRequest
from backend.network import service
from backend.network.jobs import NetworkJobs
from backend.network.models import NetworkChange
from backend.network.nodes import required
from backend.network.seals import WINDOW
from backend.network.states import Action, ChangeState, DeliveryState, Kind
from backend.settings import get_settings
from indexer.db import create_database_engine

app = typer.Typer(no_args_is_help=True, add_completion=False, help=(__doc__ or "").splitlines()[0])

Reason = Annotated[str, typer.Option("--reason", "-r", help="why; stands in the journal for ever")]
Wait = Annotated[float, typer.Option(help="seconds to wait until every node has it")]
AsJson = Annotated[bool, typer.Option("--json", help="machine-readable")]
Label = Annotated[str, typer.Option(help="whose it is")]

ENDED = frozenset({ChangeState.DONE, ChangeState.CANCELLED, ChangeState.SUPERSEDED})


class Desk:
    """The database of this installation, and the name of who sits at the keyboard."""

    def __init__(self) -> None:
        self.settings = get_settings()
        self.engine: Engine = create_database_engine(self.settings.database_url)
        self.name = f"cli:{getpass.getuser()}"

    @contextmanager
    def unit(self) -> Iterator[Context]:
        """One transaction."""
        with unit_of_work(self.engine) as session:
            actor = Actor.system(self.name)
            yield Context(session=session, clock=SystemClock(), actor=actor, settings=self.settings, lang="en")

    def jobs(self) -> NetworkJobs:
        """The worker's jobs, done here when no worker has the lease."""
        return NetworkJobs(self.unit, self.settings, name=f"{self.name}@{socket.gethostname()}-{os.getpid()}")


@app.command("allow-account")
def allow_account(address: str, reason: Reason, label: Label = "", wait: Wait = 30.0) -> None:
    """Let an account send transactions."""
    _change(Kind.ACCOUNT, lambda ctx: service.allow(ctx, Kind.ACCOUNT, address, reason=reason, label=label), wait)


@app.command("remove-account")
def remove_account(address: str, reason: Reason, wait: Wait = 30.0) -> None:
    """Let an account send nothing more."""
    _change(Kind.ACCOUNT, lambda ctx: service.remove(ctx, Kind.ACCOUNT, address, reason=reason), wait)


@app.command("allow-node")
def allow_node(enode: str, reason: Reason, label: Label = "", wait: Wait = 30.0) -> None:
    """Let a node connect to the others."""
    _change(Kind.NODE, lambda ctx: service.allow(ctx, Kind.NODE, enode, reason=reason, label=label), wait)


@app.command("remove-node")
def remove_node(enode: str, reason: Reason, wait: Wait = 30.0) -> None:
    """Let a node connect no more; a static node must also leave static-nodes.json."""
    _change(Kind.NODE, lambda ctx: service.remove(ctx, Kind.NODE, enode, reason=reason), wait)


@app.command("vote-in")
def vote_in(address: str, reason: Reason, wait: Wait = 120.0) -> None:
    """Have the validators vote a node in; it must run and stand at the head."""
    _change(
        Kind.VALIDATOR, lambda ctx: service.vote_at_once(ctx, Action.ADD, _validator(ctx, address), reason=reason), wait
    )


@app.command("vote-out")
def vote_out(address: str, reason: Reason, wait: Wait = 120.0) -> None:
    """Have the validators vote a validator out."""
    _change(
        Kind.VALIDATOR,
        lambda ctx: service.vote_at_once(ctx, Action.REMOVE, _validator(ctx, address), reason=reason),
        wait,
    )


@app.command()
def validators(
    window: Annotated[int, typer.Option(help="blocks to look back")] = WINDOW, as_json: AsJson = False
) -> None:
    """Proposers, rounds and missing seals over the last blocks, and votes on their way."""
    desk = Desk()
    with _told(), desk.unit() as ctx:
        seen = service.validators(ctx, window)
        names = {one.address: one.name for one in required(ctx.settings).nodes}
        named = service.validators_now(ctx)
        votes = service.votes_on_way(ctx)
        rows = [
            {
                "validator": one.address,
                "node": names.get(one.address, ""),
                "now": one.address in named if named is not None else one.current,
                "proposed": one.proposed,
                "sealed": one.sealed,
                "missing": one.missing,
                "last_sealed": one.last_sealed,
            }
            for one in seen.validators
        ]
        on_way = [_row(one) for one in votes]
    total = {"blocks": seen.blocks, "first": seen.first, "last": seen.last, "late": seen.late, "rounds": seen.rounds}
    if as_json:
        typer.echo(
            json.dumps(
                {**total, "seals": seen.seals, "validators": rows, "votes": on_way}, indent=1, ensure_ascii=False
            )
        )
        return
    if not seen.blocks:
        typer.echo("no QBFT block is mirrored yet")
    else:
        k, n = seen.seals or (0, 0)
        typer.echo(
            f"blocks {seen.first}-{seen.last}: {seen.late} of {seen.blocks} needed another round; seals {k} of {n}"
        )
    _table(rows)
    _table(on_way)


@app.command()
def drift(as_json: AsJson = False) -> None:
    """Compare every node's lists with the wanted ones now; exit code 1 when one differs or is silent."""
    desk = Desk()
    with _told():
        jobs = desk.jobs()
        jobs.round()
        jobs.check()
        jobs.release()
        with desk.unit() as ctx:
            states = service.node_states(ctx)
            rows = [
                {
                    "node": one.node,
                    "reachable": one.reachable,
                    "accounts_missing": one.accounts_missing,
                    "accounts_extra": one.accounts_extra,
                    "nodes_missing": one.nodes_missing,
                    "nodes_extra": one.nodes_extra,
                    "reason": one.reason or "",
                }
                for one in states
            ]
            wrong = any(one.differs or not one.reachable for one in states)
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
    else:
        _table([{key: len(v) if isinstance(v, list) else v for key, v in one.items()} for one in rows])
        for one in rows:
            for name, listed in one.items():
                for value in listed if isinstance(listed, list) else ():
                    typer.echo(f"  {one['node']} {name}: {value}")
    raise typer.Exit(1 if wrong else 0)


@app.command()
def repair(
    node: Annotated[str, typer.Argument(help="name of a node; all: every node that differs")], wait: Wait = 60.0
) -> None:
    """Make a node's lists the wanted ones: add what it lacks, remove what nobody wanted."""
    desk = Desk()
    with _told():
        with desk.unit() as ctx:
            names = [one.name for one in required(ctx.settings).nodes] if node == "all" else [node]
            ids = {service.ask_repair(ctx, one).id for one in names}
        deadline = time.monotonic() + wait
        jobs = desk.jobs()
        while True:
            jobs.round()
            with desk.unit() as ctx:
                rows = [one for one in service.repairs(ctx) if one.id in ids]
                told = [
                    {
                        "node": o.node,
                        "state": o.state.value,
                        "added": o.added,
                        "removed": o.removed,
                        "reason": o.reason or "",
                    }
                    for o in rows
                ]
            done = all(one["state"] == DeliveryState.DONE for one in told)
            if done or time.monotonic() > deadline:
                break
            time.sleep(0.3)
        jobs.check()
        jobs.release()
    _table(told)
    raise typer.Exit(0 if done else 1)


@app.command()
def history(
    limit: Annotated[int, typer.Option(help="changes to show, the latest first")] = 50,
    find: Annotated[str, typer.Option(help="part of an entry, purpose or reason")] = "",
    as_json: AsJson = False,
) -> None:
    """Who wanted what, when and why, and where it has arrived."""
    desk = Desk()
    with _told(), desk.unit() as ctx:
        found = service.history(ctx, PageRequest(size=limit, q=find or None))
        told = service.deliveries(ctx, [one.id for one in found.items])
        rows = [{**_row(one), "nodes": _arrived(told[one.id])} for one in found.items]
    if as_json:
        typer.echo(json.dumps(rows, indent=1, ensure_ascii=False))
    else:
        _table(rows)


@app.command()
def withdraw(
    change: Annotated[str, typer.Argument(help="identifier of a vote, as history shows it")], wait: Wait = 30.0
) -> None:
    """Give a vote up."""
    _change(Kind.VALIDATOR, lambda ctx: service.withdraw(ctx, change), wait)


# --- inside ----------------------------------------------------------------------------------------------------------


def _change(kind: Kind, act: Callable[[Context], NetworkChange], wait: float) -> None:
    desk = Desk()
    with _told():
        with desk.unit() as ctx:
            change_id = act(ctx).id
        jobs = desk.jobs()
        deadline = time.monotonic() + wait
        while True:
            jobs.round()
            with desk.unit() as ctx:
                found, rows = service.change(ctx, change_id)
                state, line = found.state, _row(found)
                told = [
                    {
                        "node": o.node,
                        "state": o.state.value,
                        "attempts": o.attempts,
                        "reason": o.reason or "",
                        "detail": o.detail or "",
                    }
                    for o in rows
                ]
            if state in ENDED or time.monotonic() > deadline:
                break
            time.sleep(0.3)
        jobs.release()
    _table([line])
    _table(told)
    if state not in ENDED:
        typer.echo("not everywhere yet; a running worker goes on with it", err=True)
    raise typer.Exit(0 if state in ENDED else 1)


def _validator(ctx: Context, text: str) -> str:
    node = required(ctx.settings).node(text)
    return node.address if node is not None else text


def _row(one: NetworkChange) -> dict[str, Any]:
    return {
        "id": one.id,
        "at": one.requested_at.isoformat(timespec="seconds"),
        "kind": one.kind.value,
        "action": one.action.value,
        "value": one.value,
        "label": one.label,
        "state": one.state.value,
        "by": one.requested_by,
        "reason": one.reason,
        "journal": one.journal_seq,
    }


def _arrived(rows: list[Any]) -> str:
    done = sum(one.state in {DeliveryState.DONE, DeliveryState.CLEARED} for one in rows)
    return f"{done}/{len(rows)}" if rows else "-"


def _table(rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    names = list(rows[0])
    texts = [names, *([str(row[name]) for name in names] for row in rows)]
    widths = [max(len(line[place]) for line in texts) for place in range(len(names))]
    for line in texts:
        typer.echo("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())
    typer.echo()


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except DomainError as error:
        typer.echo(error.message_en, err=True)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    app()
