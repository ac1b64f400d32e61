-- A roster by what stands in its lines.
CREATE INDEX enrollment_by_progress ON enrollment (tenant, course, (completed_at IS NOT NULL), progress_sum, person);
CREATE INDEX enrollment_by_grade ON enrollment (tenant, course, (
    CASE WHEN own_score IS NOT NULL THEN own_score WHEN scores > 0 THEN score_sum / scores END
), person);
CREATE INDEX enrollment_by_last_activity ON enrollment (tenant, course, last_activity_at, person);
CREATE INDEX enrollment_by_enrolled ON enrollment (tenant, course, enrolled_at, person);
