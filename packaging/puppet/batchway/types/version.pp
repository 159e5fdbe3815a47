# A version as releases are named: 0.2.0, 0.3.0-rc1.
type Batchway::Version = Pattern[/\A[0-9A-Za-z][0-9A-Za-z.-]{0,63}\z/]
