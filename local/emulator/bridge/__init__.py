"""What MiniStack's CloudFormation lacks for this project."""
