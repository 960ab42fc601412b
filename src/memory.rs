//! Giving memory back to the system, the one place with foreign code of our own.
#![expect(unsafe_code, reason = "glibc offers no safe way to give back what was freed")]

/// Gives freed memory back. glibc keeps what is freed between what is not; after a large session is closed
/// that is most of it. Takes about a millisecond for every ten megabytes: call it off the async threads.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn trim() {
    // SAFETY: `malloc_trim` takes no pointer, may be called at any time from any thread, and only hands
    // back pages that the allocator itself knows to be free.
    let released = unsafe { libc::malloc_trim(0) };
    tracing::debug!(released, "memory was given back");
}

/// Gives freed memory back, where the system has a way.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn trim() {}
