"""Which update is handled next: each chat's in the order of their arrival, chats in turn.

A queue is ready, being handled, or postponed. It knows ids alone, and neither waits nor handles.
"""

from collections import deque
from dataclasses import dataclass


@dataclass(eq=False, slots=True)
class ChatQueue:
    """The ids of a chat's updates that are not done, in order; an update of no chat has its own queue."""

    chat_id: int | None
    update_ids: deque[int]

    @property
    def first(self) -> int:
        """The update that is handled, or is next."""
        return self.update_ids[0]


class ChatQueues:
    """The queues of all chats, of which some are handled at a time."""

    def __init__(self, places: int) -> None:
        """Begin with nothing to do; at most ``places`` queues are handled at a time."""
        self._places = places
        # Updates of no chat are found by their own id.
        self._queues: dict[tuple[int | None, int], ChatQueue] = {}
        self._ready: deque[ChatQueue] = deque()
        self._handled: set[ChatQueue] = set()
        self._waiting = 0

    @property
    def waiting(self) -> int:
        """How many updates are not done, those being handled included."""
        return self._waiting

    @property
    def handled(self) -> int:
        """How many updates are being handled."""
        return len(self._handled)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is to be done now; what is postponed may be left."""
        return not self._ready and not self._handled

    def list_ids(self) -> set[int]:
        """Return the ids of all updates that are not done."""
        return {update_id for queue in self._queues.values() for update_id in queue.update_ids}

    def append(self, update_id: int, chat_id: int | None) -> None:
        """Put an update behind the others of its chat."""
        key = _find_key(update_id, chat_id)
        queue = self._queues.get(key)
        if queue is None:
            queue = self._queues[key] = ChatQueue(chat_id, deque())
            self._ready.append(queue)
        queue.update_ids.append(update_id)
        self._waiting += 1

    def take(self) -> ChatQueue | None:
        """Return the queue whose turn it is, to be handled from now on; None where there is none."""
        if not self._ready or len(self._handled) >= self._places:
            return None
        queue = self._ready.popleft()
        self._handled.add(queue)
        return queue

    def leave(self, queue: ChatQueue) -> None:
        """Handle a queue no longer, its first update not done; it waits until it is resumed."""
        self._handled.remove(queue)

    def resume(self, queue: ChatQueue) -> None:
        """Let a queue that was left take its turn again."""
        self._ready.append(queue)

    def finish(self, queue: ChatQueue) -> int:
        """Take out the first update of a handled queue, which takes its turn again; return its id."""
        self._handled.remove(queue)
        finished = self._pop(queue)
        if queue.update_ids:
            self._ready.append(queue)
        return finished

    def finish_all(self, queue: ChatQueue) -> list[int]:
        """Take out all updates of a queue that was handled, and return their ids."""
        self._handled.remove(queue)
        return [self._pop(queue) for _ in range(len(queue.update_ids))]

    def _pop(self, queue: ChatQueue) -> int:
        update_id = queue.update_ids.popleft()
        self._waiting -= 1
        if not queue.update_ids:
            del self._queues[_find_key(update_id, queue.chat_id)]
        return update_id


def _find_key(update_id: int, chat_id: int | None) -> tuple[int | None, int]:
    return chat_id, update_id if chat_id is None else 0
