-- by_policy: the grades in the course are the three that follow, computed by what is set. docs/rules.md, section 5.
ALTER TABLE enrollment ADD COLUMN by_policy boolean NOT NULL DEFAULT false, ADD COLUMN policy_so_far double precision,
    ADD COLUMN policy_if_nothing_more double precision, ADD COLUMN policy_passed boolean;
