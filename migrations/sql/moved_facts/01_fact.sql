-- merged_from: the person that the statement names, where that one counts for another.
ALTER TABLE fact ADD COLUMN merged_from uuid;
