"""Each chat's updates come in order, chats take turns, and so many are handled at a time."""

from hypothesis import given
from hypothesis import strategies as st

from bot.chat.intake.chat_queues import ChatQueue, ChatQueues

ANNA, BERTA = 7, 8


def take(queues: ChatQueues) -> ChatQueue:
    queue = queues.take()
    assert queue is not None
    return queue


def test_queues_keep_the_order_within_a_chat_and_let_chats_take_turns() -> None:
    queues = ChatQueues(places=1)
    for update_id, chat_id in ((1, ANNA), (2, ANNA), (3, BERTA), (4, ANNA), (5, BERTA)):
        queues.append(update_id, chat_id)
    done = []
    while (queue := queues.take()) is not None:
        assert queues.handled == 1
        done.append((queue.chat_id, queues.finish(queue)))
    assert done == [(ANNA, 1), (BERTA, 3), (ANNA, 2), (BERTA, 5), (ANNA, 4)]
    assert queues.is_idle
    assert queues.waiting == 0


def test_queues_hold_up_nobody_but_the_chat_that_is_handled() -> None:
    queues = ChatQueues(places=2)
    for update_id, chat_id in ((1, ANNA), (2, ANNA), (3, BERTA), (4, 9)):
        queues.append(update_id, chat_id)
    first, second = take(queues), take(queues)
    assert (first.first, second.first) == (1, 3)
    assert queues.take() is None, "there are two places"
    assert queues.finish(second) == 3
    assert take(queues).first == 4
    assert (queues.waiting, queues.handled) == (3, 2)
    assert queues.list_ids() == {1, 2, 4}


def test_queues_of_updates_without_a_chat_do_not_wait_for_each_other() -> None:
    queues = ChatQueues(places=5)
    queues.append(1, None)
    queues.append(2, None)
    queues.append(0, ANNA)
    assert [take(queues).update_ids[0] for _ in range(3)] == [1, 2, 0]


def test_queue_that_is_left_waits_until_it_is_resumed_and_begins_with_the_same_update() -> None:
    queues = ChatQueues(places=1)
    queues.append(1, ANNA)
    queue = take(queues)
    queues.leave(queue)
    queues.append(2, ANNA)
    assert queues.take() is None
    assert queues.is_idle
    assert queues.waiting == 2
    queues.resume(queue)
    assert not queues.is_idle
    assert queues.take() is queue
    assert [queues.finish(queue), take(queues).first] == [1, 2]


def test_queue_of_a_chat_that_is_gone_is_finished_as_a_whole() -> None:
    queues = ChatQueues(places=1)
    for update_id in (1, 2, 3):
        queues.append(update_id, ANNA)
    queues.append(4, BERTA)
    assert queues.finish_all(take(queues)) == [1, 2, 3]
    assert queues.finish(take(queues)) == 4
    assert queues.is_idle
    queues.append(5, ANNA)
    assert take(queues).first == 5


@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["append", "take", "finish", "leave", "resume"])))
)
def test_queues_lose_nothing_and_keep_the_order_whatever_happens(deeds: list[tuple[int, str]]) -> None:
    queues = ChatQueues(places=2)
    expected: dict[int, list[int]] = {chat_id: [] for chat_id in range(4)}
    handled: list[ChatQueue] = []
    left: list[ChatQueue] = []
    for update_id, (chat_id, deed) in enumerate(deeds):
        if deed == "append":
            queues.append(update_id, chat_id)
            expected[chat_id].append(update_id)
        elif deed == "take" and (queue := queues.take()) is not None:
            assert queue not in handled + left
            assert queue.chat_id is not None
            assert queue.first == expected[queue.chat_id][0]
            handled.append(queue)
        elif deed == "finish" and handled:
            queue = handled.pop(0)
            assert queue.chat_id is not None
            assert queues.finish(queue) == expected[queue.chat_id].pop(0)
        elif deed == "leave" and handled:
            left.append(handled.pop(0))
            queues.leave(left[-1])
        elif deed == "resume" and left:
            queues.resume(left.pop(0))
        assert queues.handled == len(handled) <= 2
        assert queues.list_ids() == {one for ids in expected.values() for one in ids}
        assert queues.waiting == len(queues.list_ids())
