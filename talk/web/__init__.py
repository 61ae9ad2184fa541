"""The pages for browsers: views, what their script is told, and how they are protected."""
