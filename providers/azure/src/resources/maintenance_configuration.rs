//! `azure.maintenance_configuration`: when AKS may upgrade by itself. The name says what: `aksManagedAutoUpgradeSchedule` for
//! Kubernetes, `aksManagedNodeOSUpgradeSchedule` for the nodes' images, `default` for the rest.

use crate::resource::{ArmType, Scope};
use crate::schema::{FULL, ID, name, versions};
use formwork_model::schema::{Attribute, AttributeType, Equality, Limit, Recognition, ResourceSchema};

const DAYS: AttributeType =
    AttributeType::Enum(&["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]);

const SPAN: &[Attribute] = &[
    Attribute::string("start", "First day, `2026-12-24`.").required(),
    Attribute::string("end", "Last day, `2026-12-31`.").required(),
];

const TIME_SPAN: &[Attribute] =
    &[Attribute::string("start", "From when (RFC 3339)."), Attribute::string("end", "Until when (RFC 3339).")];

const TIME_IN_WEEK: &[Attribute] = &[
    Attribute::new("day", DAYS, "Day of the week.").required(),
    Attribute::new("hour_slots", AttributeType::List(&AttributeType::Int), "Hours of the day, 0 to 23, UTC.")
        .equality(Equality::Unordered),
];

const SCHEDULE: &[Attribute] = &[
    Attribute::object(
        "daily",
        &[Attribute::int("interval_days", "Every so many days, 1 to 7.").required().limits(&[Limit::Range(1, 7)])],
        "By days.",
    ),
    Attribute::object(
        "weekly",
        &[
            Attribute::new("day_of_week", DAYS, "Day of the week.").required(),
            Attribute::int("interval_weeks", "Every so many weeks, 1 to 4.").required().limits(&[Limit::Range(1, 4)]),
        ],
        "By weeks.",
    ),
    Attribute::object(
        "absolute_monthly",
        &[
            Attribute::int("day_of_month", "Day of the month.").required().limits(&[Limit::Range(1, 31)]),
            Attribute::int("interval_months", "Every so many months, 1 to 6.").required().limits(&[Limit::Range(1, 6)]),
        ],
        "By months, on a date.",
    ),
    Attribute::object(
        "relative_monthly",
        &[
            Attribute::new("day_of_week", DAYS, "Day of the week.").required(),
            Attribute::new(
                "week_index",
                AttributeType::Enum(&["First", "Second", "Third", "Fourth", "Last"]),
                "Which one of the month.",
            )
            .required(),
            Attribute::int("interval_months", "Every so many months, 1 to 6.").required().limits(&[Limit::Range(1, 6)]),
        ],
        "By months, on a day of the week.",
    ),
];

const WINDOW: &[Attribute] = &[
    Attribute::object("schedule", SCHEDULE, "When it recurs: one of its four kinds.").required(),
    Attribute::int("duration_hours", "How long the window is, 4 to 24 hours.")
        .required()
        .limits(&[Limit::Range(4, 24)]),
    Attribute::string("start_time", "When it begins, `02:00`.")
        .required()
        .limits(&[Limit::Pattern(r"^\d{2}:\d{2}$", "hours and minutes, such as `02:00`")]),
    Attribute::string("utc_offset", "Time zone, such as `+01:00`.")
        .default_string("+00:00")
        .limits(&[Limit::Pattern(r"^(-|\+)[0-9]{2}:[0-9]{2}$", "an offset, such as `+01:00`")]),
    Attribute::string("start_date", "First day that counts, `2026-12-01`; else the day on which it is made.")
        .optional_computed(),
    Attribute::new(
        "not_allowed_dates",
        AttributeType::List(&AttributeType::Object(SPAN)),
        "Days on which nothing is done.",
    )
    .keyed_by(&["start", "end"])
    .equality(Equality::EmptyIsAbsent),
];

const ATTRIBUTES: &[Attribute] = &[
    name("`aksManagedAutoUpgradeSchedule`, `aksManagedNodeOSUpgradeSchedule` or `default`.", &[Limit::Length(1, 63)]),
    Attribute::reference("cluster", &["azure.kubernetes_cluster"], "The cluster.")
        .required()
        .create_only()
        .equality(Equality::CaseInsensitive),
    Attribute::object("maintenance_window", WINDOW, "The window, for the two schedules."),
    Attribute::new(
        "time_in_week",
        AttributeType::List(&AttributeType::Object(TIME_IN_WEEK)),
        "Hours of the week in which it is allowed, for `default`.",
    )
    .keyed_by(&["day"])
    .equality(Equality::EmptyIsAbsent),
    Attribute::new(
        "not_allowed_time",
        AttributeType::List(&AttributeType::Object(TIME_SPAN)),
        "Times in which it is not allowed, for `default`.",
    )
    .equality(Equality::EmptyIsAbsent),
    ID,
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema = ResourceSchema::new(
    "maintenance_configuration",
    "When AKS may upgrade by itself (`Microsoft.ContainerService/managedClusters/maintenanceConfigurations`).",
)
.attributes(ATTRIBUTES)
.recognised_by(Recognition::NaturalKey)
.timeouts(300, 300, 300)
.usually_takes_s(2)
.import_help("the configuration's id, `…/managedClusters/NAME/maintenanceConfigurations/NAME`")
.capabilities(FULL);

/// The type.
pub(crate) static RESOURCE: ArmType = ArmType::new(
    &SCHEMA,
    "Microsoft.ContainerService/managedClusters/maintenanceConfigurations",
    versions::CONTAINER_SERVICE,
    Scope::Child("cluster"),
);
