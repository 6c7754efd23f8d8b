rootProject.name = "tuning"
