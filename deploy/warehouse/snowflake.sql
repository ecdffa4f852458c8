-- External tables and views over one output root. HUSHBEAM_STAGE is a stage at gs://BUCKET/redacted (or s3://, azure://).
-- Refresh the tables after each night, and after erase or expire: ALTER EXTERNAL TABLE all_transcripts REFRESH;
CREATE OR REPLACE EXTERNAL TABLE all_transcripts (
  run_date DATE AS (TO_DATE(REGEXP_SUBSTR(METADATA$FILENAME, 'run_date=([0-9-]+)', 1, 1, 'e', 1))),
  recording_id VARCHAR AS (VALUE:recording_id::VARCHAR),
  run_id VARCHAR AS (VALUE:run_id::VARCHAR),
  processed_at TIMESTAMP_TZ AS (VALUE:processed_at::TIMESTAMP_TZ),
  status VARCHAR AS (VALUE:status::VARCHAR),
  redacted_audio_url VARCHAR AS (VALUE:redacted_audio_url::VARCHAR),
  duration_s FLOAT AS (VALUE:duration_s::FLOAT),
  muted_s FLOAT AS (VALUE:muted_s::FLOAT),
  text VARCHAR AS (VALUE:text::VARCHAR)
)
PARTITION BY (run_date) LOCATION = @HUSHBEAM_STAGE/transcripts/ FILE_FORMAT = (TYPE = PARQUET) AUTO_REFRESH = FALSE;

CREATE OR REPLACE EXTERNAL TABLE all_findings (
  run_date DATE AS (TO_DATE(REGEXP_SUBSTR(METADATA$FILENAME, 'run_date=([0-9-]+)', 1, 1, 'e', 1))),
  recording_id VARCHAR AS (VALUE:recording_id::VARCHAR),
  run_id VARCHAR AS (VALUE:run_id::VARCHAR),
  policy VARCHAR AS (VALUE:policy::VARCHAR),
  channel INTEGER AS (VALUE:channel::INTEGER),
  start_s FLOAT AS (VALUE:start_s::FLOAT),
  end_s FLOAT AS (VALUE:end_s::FLOAT),
  score FLOAT AS (VALUE:score::FLOAT),
  detector VARCHAR AS (VALUE:detector::VARCHAR)
)
PARTITION BY (run_date) LOCATION = @HUSHBEAM_STAGE/findings/ FILE_FORMAT = (TYPE = PARQUET) AUTO_REFRESH = FALSE;

-- The runs of each recording, and the run whose rows replace theirs.
CREATE OR REPLACE VIEW recording_runs AS
SELECT recording_id, run_id, processed_at,
       LEAD(run_id) OVER (PARTITION BY recording_id ORDER BY processed_at, run_id) AS superseded_by
FROM (SELECT DISTINCT recording_id, run_id, processed_at FROM all_transcripts) AS runs;

-- Current rows: other columns are in VALUE, as VALUE:utterances.
CREATE OR REPLACE VIEW transcripts AS
SELECT t.*
FROM all_transcripts AS t
JOIN recording_runs AS r ON r.recording_id = t.recording_id AND r.run_id = t.run_id
WHERE r.superseded_by IS NULL;
CREATE OR REPLACE VIEW findings AS
SELECT f.*
FROM all_findings AS f
JOIN recording_runs AS r ON r.recording_id = f.recording_id AND r.run_id = f.run_id
WHERE r.superseded_by IS NULL;

-- All rows, with `is_current` and `superseded_by`.
CREATE OR REPLACE VIEW transcript_history AS
SELECT t.*, r.superseded_by IS NULL AS is_current, r.superseded_by
FROM all_transcripts AS t
JOIN recording_runs AS r ON r.recording_id = t.recording_id AND r.run_id = t.run_id;
