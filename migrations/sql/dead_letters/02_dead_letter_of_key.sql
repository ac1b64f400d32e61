-- Behind which letter others of the same learner wait.
CREATE INDEX dead_letter_of_key ON dead_letter (tenant, key, position);
