-- Statements that no course was found for, and why. docs/read-models.md, section 16.
CREATE VIEW unassigned AS
SELECT tenant, position, id, at, person, activity, verb, event, registration,
    CASE WHEN person IS NULL THEN 'group' WHEN claim IS NULL THEN 'attempt_without_unit'
         WHEN registration IS NULL THEN 'no_registration' ELSE 'unknown_registration' END AS reason
FROM fact WHERE placement = 'unassigned' AND activity IS NOT NULL AND voided_position IS NULL;
