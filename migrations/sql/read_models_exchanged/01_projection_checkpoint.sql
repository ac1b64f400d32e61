-- generation: how many times other tables have taken the place of these, which is nobody's memory of them then.
ALTER TABLE projection_checkpoint ADD COLUMN generation integer NOT NULL DEFAULT 0;
