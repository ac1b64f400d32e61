-- compatibility: whether well-known invalid statements of its clients are repaired before they are judged.
ALTER TABLE credential ADD COLUMN compatibility boolean NOT NULL DEFAULT false;
