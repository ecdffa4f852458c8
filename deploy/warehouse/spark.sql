-- Views over one output root. Replace gs://BUCKET/redacted. Works in Spark SQL and Databricks.
-- A view lists the folders anew with each query, so that no MSCK REPAIR is needed. `run_date` is a DATE, from the folders.
CREATE SCHEMA IF NOT EXISTS hushbeam;
CREATE OR REPLACE VIEW hushbeam.all_transcripts AS SELECT * FROM parquet.`gs://BUCKET/redacted/transcripts`;
CREATE OR REPLACE VIEW hushbeam.all_findings AS SELECT * FROM parquet.`gs://BUCKET/redacted/findings`;
CREATE OR REPLACE VIEW hushbeam.errors AS SELECT * FROM parquet.`gs://BUCKET/redacted/errors`;
CREATE OR REPLACE VIEW hushbeam.notifications AS SELECT * FROM parquet.`gs://BUCKET/redacted/notifications`;

-- The runs of each recording, and the run whose rows replace theirs. Reads three narrow columns.
CREATE OR REPLACE VIEW hushbeam.recording_runs AS
SELECT recording_id, run_id, processed_at,
       lead(run_id) OVER (PARTITION BY recording_id ORDER BY processed_at, run_id) AS superseded_by
FROM (SELECT DISTINCT recording_id, run_id, processed_at FROM hushbeam.all_transcripts);

-- Current rows. The join does not keep a filter on run_date from choosing the folders.
CREATE OR REPLACE VIEW hushbeam.transcripts AS
SELECT
  t.recording_id, t.status, t.audio_url, concat('gs://BUCKET/redacted/', t.redacted_audio_url) AS redacted_audio_url,
  t.language_code, t.duration_s, t.channels, t.text, t.utterances, t.policies, t.metadata, t.run_id, t.processed_at,
  t.models, t.configuration, t.configuration_id, t.muted_s, t.muted_s_by_policy, t.verification, t.run_date
FROM hushbeam.all_transcripts AS t
LEFT ANTI JOIN (SELECT * FROM hushbeam.recording_runs WHERE superseded_by IS NOT NULL) AS s
  ON s.recording_id = t.recording_id AND s.run_id = t.run_id;
CREATE OR REPLACE VIEW hushbeam.findings AS
SELECT f.*
FROM hushbeam.all_findings AS f
LEFT ANTI JOIN (SELECT * FROM hushbeam.recording_runs WHERE superseded_by IS NOT NULL) AS s
  ON s.recording_id = f.recording_id AND s.run_id = f.run_id;

-- All rows, with `is_current` and `superseded_by`.
CREATE OR REPLACE VIEW hushbeam.transcript_history AS
SELECT t.*, r.superseded_by IS NULL AS is_current, r.superseded_by
FROM hushbeam.all_transcripts AS t
JOIN hushbeam.recording_runs AS r ON r.recording_id = t.recording_id AND r.run_id = t.run_id;
CREATE OR REPLACE VIEW hushbeam.finding_history AS
SELECT f.*, r.superseded_by IS NULL AS is_current, r.superseded_by
FROM hushbeam.all_findings AS f
JOIN hushbeam.recording_runs AS r ON r.recording_id = f.recording_id AND r.run_id = f.run_id;
