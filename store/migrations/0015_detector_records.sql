-- What detectors tell of themselves beside what they are. Rungs counts the series on each rung of the cold start. ForecastLoss is
-- the loss of the network's forecasts over that of the last value, and ForecastCoverage the share within its 90 % band, both of the
-- detector's signal, NaN while nothing is known. FalseAlarms is how many a series and week are configured.
ALTER TABLE detector_states {on_cluster}
    ADD COLUMN IF NOT EXISTS Rungs Map(LowCardinality(String), UInt32),
    ADD COLUMN IF NOT EXISTS ForecastLoss Float64 DEFAULT nan,
    ADD COLUMN IF NOT EXISTS ForecastCoverage Float64 DEFAULT nan,
    ADD COLUMN IF NOT EXISTS FalseAlarms Float64 DEFAULT nan;
