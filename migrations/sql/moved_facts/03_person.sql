-- merged_from: the identifiers that count for this person beside its own.
ALTER TABLE person ADD COLUMN merged_from text[] NOT NULL DEFAULT '{}';
