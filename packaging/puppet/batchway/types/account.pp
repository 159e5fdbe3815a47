# A login name or a group.
type Batchway::Account = Pattern[/\A[A-Za-z_][\w.-]{0,31}\z/]
