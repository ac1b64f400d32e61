-- A roster by grade, as the view enrollment_standing computes it.
DROP INDEX enrollment_by_grade;
CREATE INDEX enrollment_by_grade ON enrollment (tenant, course, (
    CASE WHEN by_policy THEN policy_so_far
         WHEN own_score IS NOT NULL THEN own_score WHEN scores > 0 THEN score_sum / scores END
), person);
