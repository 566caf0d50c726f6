"""The browser: what people see and do. One Django app per area of work; figures come from the rooms below."""
