"""The animation's end of the line: reads commands, answers them once they are durable, and says what is in force."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from studio.rendering.deforum import checkpoint
from studio.rendering.deforum.checkpoint import State
from studio.rendering.deforum.parameters import FrameParameters
from studio.rendering.deforum.script import Script
from studio.rendering.deforum.seeds import SeedState
from studio.rendering.deforum.steering.commands import Ack, Command
from studio.rendering.deforum.steering.live import LiveState, Loop
from studio.rendering.deforum.steering.obey import OWN_SEED, Outcome, Refusal, Scene, obey
from studio.rendering.deforum.steering.replay import Recall
from studio.rendering.errors import Cancelled, Paused

_ACKS = 64
"""Of those that a state keeps, to be told again after a crash."""

_AT_THE_END = ("rewind", "replay", "loop", "extend", "stop", "pause", "resume", "snapshot")
"""The kinds that mean something once the last frame is done."""


class SteeringPort(Protocol):
    """The part of a render's port that steers it, see :class:`studio.rendering.ports.RenderPort`."""

    def commands(self, after: int) -> Sequence[Command]: ...

    def applied(self, acks: Sequence[Ack]) -> None: ...

    def paused(self, frame: int) -> bool: ...


class Rewound(Exception):
    """The animation is to be begun again from an earlier frame of its own."""

    def __init__(self, state: State, count: int, *, restore: bool = False, records: tuple[int, int] | None = None):
        super().__init__()
        self.state = state
        """What holds until then, its live state as commands left it."""
        self.count = count
        """Frames that stay."""
        self.restore = restore
        self.records = records


class Film(Protocol):
    """The animation, as far as commands concern it."""

    script: Script

    def earliest(self, count: int) -> int | None:
        """None if the animation can go back to so many frames, or the fewest that it can go back to."""

    def lengthen(self, total: int) -> None:
        """Make it a film of so many frames. Raises PlanError, and then it is what it was."""

    def save(self, state: State) -> None:
        """Make a state durable."""


class Steering:
    """One animation's. Without a port nothing is read, and rows are the settings' or what a checkpoint carried over."""

    def __init__(self, port: SteeringPort | None, state_dir: Path, should_stop: Callable[[], bool]) -> None:
        self._port = port
        self._state_dir = state_dir
        self._should_stop = should_stop
        self._pending: list[Ack] = []
        self._recall: Recall | None = None

    @property
    def waiting(self) -> bool:
        """Whether there are acks that nothing durable belongs to yet."""
        return bool(self._pending)

    def repeat(self) -> None:
        """Tell again what was made durable last: a crash may have come before anybody heard of it."""
        live = checkpoint.live_state(self._state_dir) if self._port else None
        if self._port and live and live.acks:
            self._port.applied(live.acks)

    def listen(self, state: State, film: Film) -> State:
        """The state after the commands that are there. While it is paused nothing else happens.

        Raises Rewound, Cancelled, Paused, and what the port raises.
        """
        if self._port is None:
            return state
        while True:
            state = self._read(state, film)
            live = state.live
            if live is None:
                return state
            if live.loop and state.emitted > live.loop.end:
                state = self._turn_back(state, live, live.loop, film)
            if not live.paused:
                return state
            if self._pending:
                state = self.settle(state, film)
            # The port first: a worker that is stopped hands back a render that stands as paused, not as cancelled.
            if not self._port.paused(state.emitted):
                raise Paused(state.emitted)
            if self._should_stop():
                raise Cancelled

    def settle(self, state: State, film: Film) -> State:
        """Make ``state`` durable with the acks that belong to it, then tell them."""
        pending, self._pending = self._pending, []
        if pending:
            live = state.live or LiveState()
            state = replace(state, live=replace(live, acks=(*live.acks, *pending)[-max(_ACKS, len(pending)) :]))
        film.save(state)
        if pending and self._port:
            self._port.applied(pending)
        return state

    def row(self, live: LiveState | None, scheduled: FrameParameters, film: Film) -> FrameParameters:
        """What is in force at a frame."""
        if live is None or not live.alters:
            return scheduled
        row = live.row(self._scheduled(live, scheduled), film.script.named)
        steps = "steps_schedule"
        if row[steps] != scheduled[steps] and (most := film.script.most_steps(row)) and row[steps] > most:
            row = replace(row, values={**row.values, steps: float(most)})
        return row

    def seed(self, live: LiveState | None, frame: int) -> int | None:
        """The seed that a replay has for a frame."""
        return self._recalled(live).seed(frame) if live and live.replaying else None

    def _scheduled(self, live: LiveState | None, scheduled: FrameParameters) -> FrameParameters:
        return self._recalled(live).row(scheduled) if live and live.replaying else scheduled

    def _recalled(self, live: LiveState) -> Recall:
        assert live.replaying is not None
        if self._recall is None or self._recall.range != live.replaying:
            self._recall = Recall(live.replaying, self._state_dir)
        return self._recall

    def _read(self, state: State, film: Film) -> State:
        assert self._port is not None
        last = state.live.last_number if state.live else 0
        for command in sorted(self._port.commands(last), key=lambda command: command.number):
            if command.number <= (state.live.last_number if state.live else 0):
                continue
            live = replace(state.live or LiveState(), last_number=command.number)
            state = replace(state, live=live)
            try:
                outcome = self._outcome(command, state, live, film)
            except Refusal as refusal:
                self._pending.append(Ack(command.number, state.emitted, {}, str(refusal)))
                continue
            state = replace(state, live=outcome.live, seeds=_seeds(state.seeds, outcome.seed, film))
            seed = {} if outcome.seed is None else {"seed": state.seeds.seed}
            frame = state.emitted if outcome.rewind_to is None else outcome.rewind_to
            self._pending.append(Ack(command.number, frame, {**outcome.effective, **seed}))
            if outcome.rewind_to is not None:
                raise Rewound(state, outcome.rewind_to, restore=outcome.restore, records=outcome.records)
        return state

    def _outcome(self, command: Command, state: State, live: LiveState, film: Film) -> Outcome:
        if live.stopped:
            raise Refusal("the film was ended")
        script = film.script
        if state.emitted >= script.total and command.kind not in _AT_THE_END:
            raise Refusal("the film's last frame is done already")
        scheduled = script.rows[min(state.emitted, len(script.rows) - 1)]
        scene = Scene(
            frame=state.emitted,
            total=script.total,
            rows=script.rows,
            row=self._scheduled(live, scheduled),
            in_force=lambda state: self.row(state.stepped(), scheduled, film),
            names=script.names,
            loras=script.loras,
            named=script.named,
            seed_behavior=script.seed_behavior,
            seed_iter_N=script.settings.seed_iter_N,
            earliest=film.earliest,
            lengthen=film.lengthen,
        )
        return obey(command, live, scene)

    def _turn_back(self, state: State, live: LiveState, loop: Loop, film: Film) -> State:
        """Raise Rewound to where a loop starts. The state without it where the animation can't go back that far."""
        turns, count = loop.turns - 1, loop.start + 1
        ended = replace(state, live=replace(live, loop=None))
        if film.earliest(count) is not None:
            return ended
        again = replace(state, live=replace(live, loop=loop._replace(turns=turns)))
        raise Rewound(again if turns else ended, count)


def _seeds(seeds: SeedState, wanted: int | None, film: Film) -> SeedState:
    if wanted is None:
        return seeds
    return replace(seeds, seed=film.script.own_seeds(seeds.counter).seed if wanted == OWN_SEED else wanted)
