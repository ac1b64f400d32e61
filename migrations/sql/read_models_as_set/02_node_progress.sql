-- Whether a completion came after its deadline, and when it ends. docs/rules.md, section 2.
ALTER TABLE node_progress ADD COLUMN late boolean NOT NULL DEFAULT false, ADD COLUMN expires_at timestamptz;
CREATE INDEX node_progress_expires ON node_progress (tenant, expires_at) WHERE state = 'completed' AND expires_at IS NOT NULL;
