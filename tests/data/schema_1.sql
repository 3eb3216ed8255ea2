-- A log as the first version of the schema had it, with two exchanges.
CREATE TABLE exchanges (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, asked_at TEXT NOT NULL, origin TEXT NOT NULL,
    user_id INTEGER, chat_id INTEGER, question_message_id INTEGER, answer_message_id INTEGER,
    language TEXT NOT NULL, question TEXT NOT NULL, earlier TEXT, kind TEXT NOT NULL,
    is_answered INTEGER NOT NULL, confidence REAL NOT NULL, corpus_version TEXT NOT NULL,
    elapsed_ms REAL NOT NULL
) STRICT;
CREATE INDEX exchanges_of_user ON exchanges (user_id, chat_id, id);
CREATE INDEX exchanges_of_chat ON exchanges (chat_id, question_message_id);
CREATE INDEX exchanges_by_time ON exchanges (asked_at);
CREATE TABLE shown_passages (
    exchange_id INTEGER NOT NULL REFERENCES exchanges (id) ON DELETE CASCADE,
    rank INTEGER NOT NULL, also_of INTEGER, article TEXT NOT NULL, language TEXT NOT NULL,
    source TEXT NOT NULL, outlet TEXT NOT NULL, published TEXT, title TEXT,
    paragraph INTEGER NOT NULL, position INTEGER NOT NULL, text TEXT NOT NULL,
    before TEXT NOT NULL, after TEXT NOT NULL, highlight TEXT, score REAL NOT NULL,
    PRIMARY KEY (exchange_id, rank)
) STRICT, WITHOUT ROWID;
CREATE TABLE votes (
    exchange_id INTEGER NOT NULL REFERENCES exchanges (id) ON DELETE CASCADE,
    user_id INTEGER NOT NULL, vote TEXT NOT NULL, voted_at TEXT NOT NULL,
    PRIMARY KEY (exchange_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX votes_of_user ON votes (user_id);
CREATE TABLE readers (
    user_id INTEGER PRIMARY KEY, language TEXT NOT NULL, chosen_at TEXT NOT NULL
) STRICT;
INSERT INTO exchanges VALUES
    (1, 'one', '2026-01-02T03:04:05.000+00:00', 'telegram', 7, 7, 1, 2, 'en', 'how many?', NULL,
     'answer', 1, 0.75, 'abc123', 12.5),
    (2, 'two', '2026-01-02T03:04:06.000+00:00', 'telegram', 8, 8, 1, 2, 'en', 'how few?', NULL,
     'answer', 1, 0.75, 'abc123', 12.5);
INSERT INTO shown_passages VALUES
    (1, 1, NULL, 'a', 'en', 'https://example.org/a', 'A', '2025-10-26', NULL, 0, 0, 'One is one.', '', 'Two.',
     'is one', 2.5),
    (1, 2, 1, 'b', 'de', 'https://example.org/b', 'B', NULL, 'Titel', 0, 0, 'Eins.', '', '', NULL, 2.5),
    (1, 3, NULL, 'a', 'en', 'https://example.org/a', 'A', '2025-10-26', NULL, 0, 1, 'Two.', 'One is one.', '',
     NULL, 1.5),
    (2, 1, NULL, 'a', 'en', 'https://example.org/a', 'A', '2025-10-26', NULL, 0, 1, 'Two.', 'One is one.', '',
     NULL, 1.5);
PRAGMA user_version = 1;
