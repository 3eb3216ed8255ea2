"""Drafts of articles on their way into the corpus folder."""

import threading
from pathlib import Path

from bot.corpus.drafts import Draft, Drafts, KeptDraft


def test_drafts_are_searched_while_others_are_kept_and_removed(tmp_path: Path) -> None:
    drafts = Drafts(tmp_path)
    draft = Draft(("A text.",), "en")
    for number in range(200):
        drafts.keep(KeptDraft(f"old-{number}", draft))

    def keep_others() -> None:
        for number in range(100):
            drafts.keep(KeptDraft(f"new-{number}", draft))

    keeping = threading.Thread(target=keep_others)
    keeping.start()
    while keeping.is_alive():
        assert drafts.find_asked(7, 9) is None
    keeping.join()
    # What vanished before it could be looked at, always.
    (tmp_path / "drafts" / "gone.json").symlink_to(tmp_path / "nowhere")
    assert drafts.find_asked(7, 9) is None
