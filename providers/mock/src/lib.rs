//! Provider mock: a scripted cloud for tests
