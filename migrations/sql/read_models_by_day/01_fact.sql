-- What was answered; and what no course was found for, by activity. docs/read-models.md, sections 1 and 16.
ALTER TABLE fact ADD COLUMN response text;
CREATE INDEX fact_unassigned ON fact (tenant, activity, at, id)
    WHERE placement = 'unassigned' AND activity IS NOT NULL AND voided_position IS NULL;
