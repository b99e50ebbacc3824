"""One template, a child for every value: families of slices, and the wider levels that children belong to."""
