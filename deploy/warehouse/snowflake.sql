-- External tables and views over one output root. HUSHBEAM_STAGE is a stage at gs://BUCKET/redacted (or s3://, azure://);
-- replace gs://BUCKET/redacted in the view transcripts too.
-- Refresh the tables after each night, and after erase or expire: ALTER EXTERNAL TABLE all_transcripts REFRESH;
CREATE OR REPLACE EXTERNAL TABLE all_transcripts (
  recording_id VARCHAR AS (VALUE:recording_id::VARCHAR),
  status VARCHAR AS (VALUE:status::VARCHAR),
  audio_url VARCHAR AS (VALUE:audio_url::VARCHAR),
  redacted_audio_url VARCHAR AS (VALUE:redacted_audio_url::VARCHAR),
  language_code VARCHAR AS (VALUE:language_code::VARCHAR),
  duration_s FLOAT AS (VALUE:duration_s::FLOAT),
  channels INTEGER AS (VALUE:channels::INTEGER),
  text VARCHAR AS (VALUE:text::VARCHAR),
  utterances VARIANT AS (VALUE:utterances),
  policies VARIANT AS (VALUE:policies),
  metadata VARIANT AS (VALUE:metadata),
  run_id VARCHAR AS (VALUE:run_id::VARCHAR),
  processed_at TIMESTAMP_TZ AS (VALUE:processed_at::TIMESTAMP_TZ),
  models VARIANT AS (VALUE:models),
  configuration VARCHAR AS (VALUE:configuration::VARCHAR),
  configuration_id VARCHAR AS (VALUE:configuration_id::VARCHAR),
  muted_s FLOAT AS (VALUE:muted_s::FLOAT),
  muted_s_by_policy VARIANT AS (VALUE:muted_s_by_policy),
  verification VARIANT AS (VALUE:verification),
  run_date DATE AS (TO_DATE(REGEXP_SUBSTR(METADATA$FILENAME, 'run_date=([0-9-]+)', 1, 1, 'e', 1)))
)
PARTITION BY (run_date) LOCATION = @HUSHBEAM_STAGE/transcripts/ FILE_FORMAT = (TYPE = PARQUET) AUTO_REFRESH = FALSE;

CREATE OR REPLACE EXTERNAL TABLE all_findings (
  recording_id VARCHAR AS (VALUE:recording_id::VARCHAR),
  policy VARCHAR AS (VALUE:policy::VARCHAR),
  label VARCHAR AS (VALUE:label::VARCHAR),
  channel INTEGER AS (VALUE:channel::INTEGER),
  start_s FLOAT AS (VALUE:start_s::FLOAT),
  end_s FLOAT AS (VALUE:end_s::FLOAT),
  text_start INTEGER AS (VALUE:text_start::INTEGER),
  text_end INTEGER AS (VALUE:text_end::INTEGER),
  score FLOAT AS (VALUE:score::FLOAT),
  detector VARCHAR AS (VALUE:detector::VARCHAR),
  run_id VARCHAR AS (VALUE:run_id::VARCHAR),
  processed_at TIMESTAMP_TZ AS (VALUE:processed_at::TIMESTAMP_TZ),
  run_date DATE AS (TO_DATE(REGEXP_SUBSTR(METADATA$FILENAME, 'run_date=([0-9-]+)', 1, 1, 'e', 1)))
)
PARTITION BY (run_date) LOCATION = @HUSHBEAM_STAGE/findings/ FILE_FORMAT = (TYPE = PARQUET) AUTO_REFRESH = FALSE;

CREATE OR REPLACE EXTERNAL TABLE errors (
  recording_id VARCHAR AS (VALUE:recording_id::VARCHAR),
  audio_url VARCHAR AS (VALUE:audio_url::VARCHAR),
  manifest VARCHAR AS (VALUE:manifest::VARCHAR),
  line INTEGER AS (VALUE:line::INTEGER),
  status VARCHAR AS (VALUE:status::VARCHAR),
  stage VARCHAR AS (VALUE:stage::VARCHAR),
  error_class VARCHAR AS (VALUE:error_class::VARCHAR),
  message VARCHAR AS (VALUE:message::VARCHAR),
  retryable BOOLEAN AS (VALUE:retryable::BOOLEAN),
  run_id VARCHAR AS (VALUE:run_id::VARCHAR),
  processed_at TIMESTAMP_TZ AS (VALUE:processed_at::TIMESTAMP_TZ),
  run_date DATE AS (TO_DATE(REGEXP_SUBSTR(METADATA$FILENAME, 'run_date=([0-9-]+)', 1, 1, 'e', 1)))
)
PARTITION BY (run_date) LOCATION = @HUSHBEAM_STAGE/errors/ FILE_FORMAT = (TYPE = PARQUET) AUTO_REFRESH = FALSE;

CREATE OR REPLACE EXTERNAL TABLE notifications (
  recording_id VARCHAR AS (VALUE:recording_id::VARCHAR),
  notification_id VARCHAR AS (VALUE:notification_id::VARCHAR),
  url_host VARCHAR AS (VALUE:url_host::VARCHAR),
  attempts INTEGER AS (VALUE:attempts::INTEGER),
  http_status INTEGER AS (VALUE:http_status::INTEGER),
  outcome VARCHAR AS (VALUE:outcome::VARCHAR),
  reason VARCHAR AS (VALUE:reason::VARCHAR),
  run_id VARCHAR AS (VALUE:run_id::VARCHAR),
  processed_at TIMESTAMP_TZ AS (VALUE:processed_at::TIMESTAMP_TZ),
  run_date DATE AS (TO_DATE(REGEXP_SUBSTR(METADATA$FILENAME, 'run_date=([0-9-]+)', 1, 1, 'e', 1)))
)
PARTITION BY (run_date) LOCATION = @HUSHBEAM_STAGE/notifications/ FILE_FORMAT = (TYPE = PARQUET) AUTO_REFRESH = FALSE;

-- The runs of each recording, and the run whose rows replace theirs.
CREATE OR REPLACE VIEW recording_runs AS
SELECT recording_id, run_id, processed_at,
       LEAD(run_id) OVER (PARTITION BY recording_id ORDER BY processed_at, run_id) AS superseded_by
FROM (SELECT DISTINCT recording_id, run_id, processed_at FROM all_transcripts) AS runs;

-- Current rows, without the column VALUE, which every external table has.
CREATE OR REPLACE VIEW transcripts AS
SELECT t.* EXCLUDE (value) REPLACE (CONCAT('gs://BUCKET/redacted/', t.redacted_audio_url) AS redacted_audio_url)
FROM all_transcripts AS t
WHERE NOT EXISTS (SELECT 1 FROM recording_runs AS r
                  WHERE r.recording_id = t.recording_id AND r.run_id = t.run_id AND r.superseded_by IS NOT NULL);
CREATE OR REPLACE VIEW findings AS
SELECT f.* EXCLUDE (value)
FROM all_findings AS f
WHERE NOT EXISTS (SELECT 1 FROM recording_runs AS r
                  WHERE r.recording_id = f.recording_id AND r.run_id = f.run_id AND r.superseded_by IS NOT NULL);

-- All rows, with `is_current` and `superseded_by`.
CREATE OR REPLACE VIEW transcript_history AS
SELECT t.* EXCLUDE (value), r.superseded_by IS NULL AS is_current, r.superseded_by
FROM all_transcripts AS t
JOIN recording_runs AS r ON r.recording_id = t.recording_id AND r.run_id = t.run_id;
CREATE OR REPLACE VIEW finding_history AS
SELECT f.* EXCLUDE (value), r.superseded_by IS NULL AS is_current, r.superseded_by
FROM all_findings AS f
JOIN recording_runs AS r ON r.recording_id = f.recording_id AND r.run_id = f.run_id;
