"""What a classifier does where labels are few."""
