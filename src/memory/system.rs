#![expect(unsafe_code, reason = "there is no safe way to give memory back to the system")]

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

/// Lets go of the program's own code and constants, which the system maps anew, a neighbourhood at a time, when they
/// are needed: what starting took and nothing else needs is then no longer held. About 0.1 ms, and as much again for
/// the next request.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
pub(super) fn release_program() {
    let page = rustix::param::page_size();
    for segment in segments() {
        // Whole pages of this segment alone.
        let (start, end) = (segment.start.next_multiple_of(page), segment.end / page * page);
        if start < end {
            // SAFETY: these pages are mapped from the program's file by the loader and were never written to: the
            // segment is not writable, and relocations are applied to writable ones only. Dropped, they are read
            // from the file again with the same content, which the system may do on its own at any time.
            let outcome = unsafe {
                libc::madvise(std::ptr::with_exposed_provenance_mut(start), end - start, libc::MADV_DONTNEED)
            };
            tracing::trace!(bytes = end - start, outcome, "program pages were let go of");
        }
    }
}

/// Lets go of the program's own code and constants, where the system has a way.
#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
pub(super) fn release_program() {}

/// Where the parts of the program lie that nobody can write to; none where the loader does not tell.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
pub(super) fn segments() -> Vec<std::ops::Range<usize>> {
    // SAFETY: `getauxval` reads what the system told the process when it started; 0: it did not tell.
    let (table, count) = unsafe { (libc::getauxval(libc::AT_PHDR), libc::getauxval(libc::AT_PHNUM)) };
    let (table, count) = (table as usize, count as usize);
    if table == 0 {
        return Vec::new();
    }
    // SAFETY: the system put the address and length of the program's header table there; it lies in a segment that is
    // mapped for as long as the process lives and never changes.
    let headers: &[libc::Elf64_Phdr] =
        unsafe { std::slice::from_raw_parts(std::ptr::with_exposed_provenance(table), count) };
    let Some(own) = headers.iter().find(|header| header.p_type == libc::PT_PHDR) else { return Vec::new() };
    let base = table.wrapping_sub(own.p_vaddr as usize);
    let fixed = headers.iter().filter(|it| it.p_type == libc::PT_LOAD && it.p_flags & libc::PF_W == 0);
    let range = |header: &libc::Elf64_Phdr| {
        let start = base.wrapping_add(header.p_vaddr as usize);
        start..start + header.p_memsz as usize
    };
    fixed.map(range).collect()
}
